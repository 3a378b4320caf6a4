"""The command line: one module a command, and nothing loaded before its command runs."""
