"""The console script."""

from __future__ import annotations


def main() -> None:
    """Run the command line; Ctrl-C ends with 130, also while it is still being loaded."""
    try:
        from mcp_gate.cli.main import run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    main()
