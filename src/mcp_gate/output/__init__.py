"""What may leave towards a client: pure walks over results."""
