"""JSON Schema for editors, built from the same words, patterns and bounds that the readers use.

The readers stay the judge: a schema is looser where it must be, and never refuses what a reader takes.
"""
