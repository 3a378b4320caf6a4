"""Runs inside a sandbox, before the upstream's own program: opens its one way out and hands it to the gate.

The socket that listens here belongs to the sandbox's network for ever, and whoever holds it may take what arrives. So
nothing of the gate stays inside: python -I -S shim.py FD COMMAND ARG...
"""

import os
import socket
import sys

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


def main(fd: int, command: list[str]) -> None:
    """Tell the gate where to take connections, and become the command."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    with socket.socket(fileno=fd) as gate:
        socket.send_fds(gate, [b"."], [listener.fileno()])
    proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        os.execvpe(command[0], command, {**os.environ, **dict.fromkeys(NAMES, proxy)})
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
