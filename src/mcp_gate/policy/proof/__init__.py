"""What holds of a policy for every call there can be. Only `solver` loads z3, and only when a proof runs."""
