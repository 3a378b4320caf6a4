"""The first minutes: what clients have configured, what their servers can do, and the gate directory made of it."""
