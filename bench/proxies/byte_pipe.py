"""The floor of one hop: moves bytes between its own standard streams and a child's, and looks at nothing.

python bench/proxies/byte_pipe.py CMD ARGS...
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading


def pump(source: int, sink: int) -> None:
    while data := os.read(source, 1 << 20):
        while data:
            data = data[os.write(sink, data) :]
    os.close(sink)


if __name__ == "__main__":
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert child.stdin is not None
    assert child.stdout is not None
    threading.Thread(target=pump, args=(0, child.stdin.fileno()), daemon=True).start()
    pump(child.stdout.fileno(), 1)
