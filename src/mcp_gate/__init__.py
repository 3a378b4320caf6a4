"""mcp-gate: an MCP server that stands between agents and their tools."""

__version__ = "0.1.0"
