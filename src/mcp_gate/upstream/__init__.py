"""Connections to upstreams: started, supervised, bounded, and compared with what was accepted of them."""
