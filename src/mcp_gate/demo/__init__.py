"""The demo: two small upstreams that do real work, an agent that uses them, and the story it makes."""
