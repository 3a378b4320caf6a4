"""A trace from a client's header to the upstream, read by a real OTLP receiver."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from support.running import ALLOW_ALL, EVERYTHING_MAPPED, place, serving
from support.upstreams import Probe

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
SETTINGS = f"""\
listen: {{ mcp: "127.0.0.1:0" }}
agents: {{ bot: {{ token_sha256: "{hashlib.sha256(b"secret").hexdigest()}" }} }}
"""


@contextmanager
def a_collector() -> Iterator[tuple[str, list[Span]]]:
    """An OTLP receiver over HTTP: its address, and the spans that came."""
    spans: list[Span] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            sent = ExportTraceServiceRequest.FromString(self._body())
            spans.extend(span for one in sent.resource_spans for scope in one.scope_spans for span in scope.spans)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _body(self) -> bytes:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            return gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", spans
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Client:
    """An agent over HTTP, in the handshake era."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._connection = HTTPConnection(host, int(port), timeout=20)
        self._session: dict[str, str] = {}
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        self.ask("initialize", hello)

    def ask(self, method: str, params: dict[str, Any], **headers: str) -> dict[str, Any]:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        sent = {
            "Authorization": "Bearer secret", "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream", **self._session, **headers,
        }  # fmt: skip
        self._connection.request("POST", "/mcp", body, sent)
        answer = self._connection.getresponse()
        if session := answer.headers.get("mcp-session-id"):
            self._session = {"Mcp-Session-Id": session}
        found: dict[str, Any] = json.loads(answer.read())
        return found

    def close(self) -> None:
        self._connection.close()


def test_a_trace_goes_from_the_clients_header_through_the_gate_to_the_upstream(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    program, *args = probe.command
    entry = {"command": program, "args": args, **EVERYTHING_MAPPED}
    with place({"probe": entry}, ALLOW_ALL, SETTINGS) as where, a_collector() as (address, spans):
        with serving(where, OTEL_EXPORTER_OTLP_ENDPOINT=address):
            client = Client(where.review().get("/v1/status")["listen"]["mcp"])
            call = {"name": "probe_echo", "arguments": {"secret": "4711-geheim"}}
            assert "result" in client.ask("tools/call", call, traceparent=PARENT)
            client.close()
        named = {span.name: span for span in spans}
        assert {"tools/call probe_echo", "decide", "dispatch", "inspect"} <= named.keys()
        assert {span.trace_id.hex() for span in spans} == {TRACE}
        assert named["tools/call probe_echo"].parent_span_id.hex() == PARENT[36:52]
        assert not any(b"geheim" in span.SerializeToString() for span in spans)
        (sent,) = probe.calls()
        carried = json.loads(sent["line"])["params"]["_meta"]["traceparent"]
        assert carried == f"00-{TRACE}-{named['dispatch'].span_id.hex()}-01"
