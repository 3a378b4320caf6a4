"""What two readers could read in two ways is refused; the samples of S246 at the door itself are tested with it."""

import h11
import pytest

from mcp_gate.faces.strict import StrictConnection, ambiguous

HEAD = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n",
        HEAD + b"Content-Length: 2, 2\r\n\r\n",
        HEAD + b"X: a\r\n b\r\n\r\n",
        HEAD.replace(b"\r\n", b"\n") + b"\n",
        HEAD.replace(b"HTTP/1.1", b"HTTP/2.0") + b"\r\n",
    ],
    ids=["length and chunks", "two lengths", "a list of lengths", "folded", "bare line feeds", "version"],
)
def test_S246_an_ambiguous_head_is_refused_before_it_is_parsed(head: bytes) -> None:
    assert ambiguous(head) is not None
    connection = StrictConnection(h11.SERVER)
    connection.receive_data(head)
    with pytest.raises(h11.RemoteProtocolError):
        connection.next_event()


def test_an_ordinary_head_passes() -> None:
    assert ambiguous(HEAD + b"Content-Length: 2\r\n\r\n") is None
