"""Finds personal data and credentials in texts: pure, given what it is allowed to load."""
