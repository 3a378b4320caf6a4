"""Calls that nobody made, decided as if somebody had: what admins try out before anybody meets it."""
