"""Lines of bounded length, in bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.wire.lines import LineSplitter


class Seen:
    def __init__(self, limit: int = 10) -> None:
        self.lines: list[bytes] = []
        self.overflows = 0
        self.splitter = LineSplitter(limit, self.lines.append, self.overflow)

    def overflow(self) -> None:
        self.overflows += 1


def test_a_line_may_come_in_pieces() -> None:
    seen = Seen()
    for piece in (b"ab", b"c\nde", b"\n", b"f"):
        seen.splitter.feed(piece)
    assert seen.lines == [b"abc", b"de"]


def test_the_last_line_needs_no_line_feed() -> None:
    for stream, lines, overflows in (
        (b"a\nlast", [b"a", b"last"], 0), (b"a\n", [b"a"], 0), (b"a\n ", [b"a"], 0), (b"a\n" + b"x" * 11, [b"a"], 1),
    ):  # fmt: skip
        seen = Seen()
        seen.splitter.feed(stream)
        seen.splitter.end()
        seen.splitter.end()
        assert (seen.lines, seen.overflows) == (lines, overflows)


def test_blank_lines_are_skipped() -> None:
    seen = Seen()
    seen.splitter.feed(b"\n  \n\r\nx\n")
    assert seen.lines == [b"x"]


def test_a_line_at_the_limit_passes_and_one_byte_more_does_not() -> None:
    seen = Seen(limit=4)
    seen.splitter.feed(b"1234\n12345\n12\n")
    assert (seen.lines, seen.overflows) == ([b"1234", b"12"], 1)


def test_an_endless_line_is_told_once_and_costs_no_memory() -> None:
    seen = Seen(limit=4)
    for _ in range(1000):
        seen.splitter.feed(b"x" * 1000)
    assert (seen.overflows, seen.splitter._parts) == (1, [])
    seen.splitter.feed(b"tail\nnext\n")
    assert seen.lines == [b"next"]


@given(st.lists(st.binary(max_size=12)), st.integers(1, 8))
def test_how_the_stream_is_cut_makes_no_difference(pieces: list[bytes], size: int) -> None:
    stream = b"".join(pieces)
    whole, cut = Seen(), Seen()
    whole.splitter.feed(stream)
    for at in range(0, len(stream), size):
        cut.splitter.feed(stream[at : at + size])
    assert (whole.lines, whole.overflows) == (cut.lines, cut.overflows)
