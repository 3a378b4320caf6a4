"""What was decided, decided again: pure, over recorded calls that somebody else reads."""
