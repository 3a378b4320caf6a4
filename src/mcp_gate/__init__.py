"""mcp-gate: an MCP server that stands between agents and their tools."""
