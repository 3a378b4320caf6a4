"""fastmcp's proxy, as its documentation makes one. Runs in an environment of its own (see bench/README.md).

python bench/proxies/fastmcp_proxy.py --stdio -- CMD ARGS...
python bench/proxies/fastmcp_proxy.py --http PORT --url http://127.0.0.1:PORT/mcp
python bench/proxies/fastmcp_proxy.py --http PORT -- CMD ARGS...
"""

from __future__ import annotations

import argparse
from typing import Any

from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from fastmcp.server import create_proxy

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--stdio", action="store_true")
    parser.add_argument("--http", type=int)
    parser.add_argument("--url")
    parser.add_argument("cmd", nargs="*")
    options = parser.parse_args()
    transport: Any = (
        StreamableHttpTransport(options.url) if options.url else StdioTransport(options.cmd[0], options.cmd[1:])
    )
    proxy = create_proxy(transport)
    if options.http:
        proxy.run("http", host="127.0.0.1", port=options.http, show_banner=False, log_level="ERROR")
    else:
        proxy.run("stdio", show_banner=False, log_level="ERROR")
