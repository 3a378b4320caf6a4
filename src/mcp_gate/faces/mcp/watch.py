"""What is left of `mcp-gate connect` once the gate has its client's streams: a process that waits until one side ends.

Run as a script in place of the command, so that a client costs eight megabytes instead of twenty: it may import nothing
but the least of the standard library.
"""

from __future__ import annotations

import os
import select
import sys
import time

SOURCE, SINK = 0, 1
DRAIN_SEC = 6.0
"""After the client's end of input: how long its answers may take; a second more than the gate gives them."""
GONE = 3
INTERRUPTED = 130


def watch(gate: int) -> int:
    """Wait until client or gate ends.

    Args:
        gate: descriptor of the connection to it.

    Returns:
        The command's exit code: 0, the client ended; 3, the gate did.
    """
    poll = select.poll()
    poll.register(gate, select.POLLIN)
    poll.register(SOURCE, getattr(select, "POLLRDHUP", 0))
    poll.register(SINK, 0)
    deadline = None
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        events = dict(poll.poll(left))
        if gate in events:
            if deadline is not None or _said_last_word(gate):
                return 0
            os.write(2, b"mcp-gate connect: the gate ended\n")
            return GONE
        if SINK in events or not events:
            return 0
        poll.unregister(SOURCE)  # the client said its last word; the gate has it, or soon will
        deadline = time.monotonic() + DRAIN_SEC


def _said_last_word(gate: int) -> bool:
    """The gate says so where it was the client that ended."""
    try:
        return bool(os.read(gate, 1))
    except OSError:
        return False


def main() -> int:
    """Arguments: the connection, and which of the streams are to block again in the end."""
    gate, *made = map(int, sys.argv[2:])
    try:
        return watch(gate)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        for fd in made:
            os.set_blocking(fd, True)


if __name__ == "__main__":
    sys.exit(main())
