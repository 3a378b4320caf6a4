"""The path of a call, and everything that lives around it: the only code that can reach an upstream."""
