"""Levels of autonomy: what moves an agent between them, and when it may rise. Pure: no I/O, no clock."""
