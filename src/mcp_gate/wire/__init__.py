"""JSON-RPC on bounded lines: framing, strict parsing, requests and answers. Knows nothing of MCP."""
