"""Finds credentials: by the shapes that vendors give them, by their names, by what stands around them."""
