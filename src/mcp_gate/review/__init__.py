"""Who decides on held calls, and whose word counts. Pure: no I/O, no clock."""
