"""What tells the names of people from those of things."""
