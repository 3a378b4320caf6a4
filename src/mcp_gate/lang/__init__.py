"""The languages the gate reads and writes: strict JSON and YAML, globs, conditions, times; all pure."""
