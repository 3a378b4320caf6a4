"""The admin's documents: read strictly, compiled, decided deterministically."""
