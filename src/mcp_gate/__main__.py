"""The console script."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from mcp_gate.cli.main import run

    run()


if __name__ == "__main__":
    main()
