"""`GET /`: a page that says what this address is. It lists nothing, asks for nothing and runs nothing."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from starlette.responses import Response

from mcp_gate.faces.http.problem import SAFE_HEADERS

STYLE: Final = "body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:4em auto;padding:0 1em}"

PAGE: Final = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>mcp-gate</title>
<style>{STYLE}</style>
</head>
<body>
<h1>mcp-gate</h1>
<p>This is the review address of a gate between AI agents and their tools.
Calls that policy holds wait here for people.</p>
<p>Reviewers decide with <code>mcp-gate review</code> or <code>mcp-gate requests</code> on the gate's machine,
or over this address with their token (<code>Authorization: Bearer …</code>).</p>
</body>
</html>
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

HEADERS: Final = {
    **SAFE_HEADERS,
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


def page() -> Response:
    return Response(PAGE, 200, HEADERS, "text/html")
