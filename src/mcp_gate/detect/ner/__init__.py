"""Finds names and addresses in prose, with a small model (extra `ner`); the one detector that may run out of time."""
