"""What a workflow does next, from what it has done: no I/O, no clock, and the same answer every time."""
