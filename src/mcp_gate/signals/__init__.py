"""What the gate itself finds out about a call."""
