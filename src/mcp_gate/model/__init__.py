"""The words of the product as types: frozen dataclasses and closed enumerations, standard library only."""
