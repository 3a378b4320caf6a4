"""What a process asks of its proxy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.upstream.proxy_request import Unreadable, Wanted, read_request


@pytest.mark.parametrize(
    ("line", "host", "port"),
    [
        ("CONNECT a.example:443 HTTP/1.1", "a.example", 443),
        ("CONNECT [2001:db8::7]:1 HTTP/1.0", "2001:db8::7", 1),
        ("CONNECT A.EXAMPLE.:65535 HTTP/1.1", "A.EXAMPLE.", 65535),
    ],
)
def test_a_tunnel_has_host_and_port(line: str, host: str, port: int) -> None:
    assert read_request(f"{line}\r\nUser-Agent: x\r\n\r\n".encode()) == Wanted(host, port, b"")


def test_a_plain_request_goes_on_as_its_server_expects_it() -> None:
    asked = (
        b"POST HTTP://A.example:81/x?y#z HTTP/1.1\r\nHost: evil.example\r\nProxy-Authorization: s3\r\nAccept: */*\r\n"
        b"Connection: keep-alive\r\nContent-Length: 2\r\n\r\n"
    )
    wanted = read_request(asked)
    assert (wanted.host, wanted.port) == ("A.example", 81)
    assert wanted.head == (
        b"POST /x?y HTTP/1.1\r\nHost: A.example:81\r\nAccept: */*\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    )
    bare = read_request(b"GET http://a.example?x HTTP/1.1\r\n\r\n")
    assert bare.head.startswith(b"GET /?x HTTP/1.1\r\nHost: a.example\r\n")
    assert read_request(b"GET http://a.example HTTP/1.1\r\n\r\n").port == 80


@pytest.mark.parametrize(
    "head",
    [
        "", "CONNECT a.example HTTP/1.1", "CONNECT a.example:0 HTTP/1.1", "CONNECT a.example:65536 HTTP/1.1",
        "CONNECT u@a.example:1 HTTP/1.1", "CONNECT a.example:1/x HTTP/1.1", "CONNECT [a]:1 HTTP/1.1",
        "CONNECT :1 HTTP/1.1",
        "CONNECT [::1%lo]:1 HTTP/1.1", "CONNECT  a.example:1 HTTP/1.1", "CONNECT a.example:1 HTTP/2",
        "connect a.example:1 HTTP/1.1",
        "CONNECT a.example:٨ HTTP/1.1", "GET / HTTP/1.1", "GET https://a.example/ HTTP/1.1", "GET http:///x HTTP/1.1",
        "GET http://u:p@a.example/ HTTP/1.1", "GET http://a.example\\@b.example/ HTTP/1.1\r\nno header",
        "CONNECT a.example:1 HTTP/1.1\r\n folded: x", "CONNECT a.example:1 HTTP/1.1\r\nA : x",
        "CONNECT a.example:1 HTTP/1.1\r\nA: x\ny",
        "CONNECT a.example:1 HTTP/1.1\nHost: x", "CONNECT a.example:1",
    ],
)  # fmt: skip
def test_what_is_read_in_more_than_one_way_is_not_read(head: str) -> None:
    with pytest.raises(Unreadable):
        read_request(head.encode() + b"\r\n\r\n")


@given(st.binary(max_size=200))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    for head in (data, b"CONNECT " + data + b" HTTP/1.1\r\n\r\n", b"GET http://" + data + b" HTTP/1.1\r\n\r\n"):
        try:
            wanted = read_request(head)
        except Unreadable:
            continue
        assert 0 < wanted.port < 65536
        assert wanted.host
