"""Texts inside of texts that nobody reads as they stand: base64, hexadecimal digits, and what is compressed in them."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import string
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

_ALPHABET: Final = string.ascii_letters + string.digits + "+/_-"
_SHORTEST_LINE: Final = 16
_GAPS: Final = (" ", "\t", "\r", "\n")
_LONG_LINE: Final = 56
_LONGEST_LINE: Final = 1_024
_TRIES: Final = 4
"""Lines in a row that may be the first of some that belong together; after them each is taken by itself."""
_ROW: Final = re.compile(r"(?<![0-9A-Za-z:-])(?:(?:[0-9A-Fa-f]{2}[ :]){6}|(?:[0-9A-Fa-f]{2}-){6})")
_SPACED_HEX: Final = re.compile(r"[0-9A-Fa-f]{2}(?:(?:[ :][0-9A-Fa-f]{2}){7,}|(?:-[0-9A-Fa-f]{2}){7,})(?![0-9A-Za-z])")
_HEXADECIMAL: Final = re.compile(r"(?:0?[xX])?([0-9A-Fa-f\s]+)")
_BASE32: Final = re.compile(r"(?:[A-Z2-7\s]{16,}|[a-z2-7\s]{16,})={0,6}")
_TO_DIGITS: Final = str.maketrans(string.ascii_uppercase + "234567", string.digits + string.ascii_lowercase[:22])
"""From base32 to the digits of numbers with that base."""
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_NO_DIGITS: Final = b"=" + string.whitespace.encode()
_MARKED: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ASCII: Final = bytes(range(128))
_IN_TEXTS: Final = bytes((9, 10, 13, *range(32, 127), *range(160, 256)))
_ALPHABET_BYTES: Final = _ALPHABET.encode()
_LONG: Final = 2_048
"""Characters of a run from which on it is gone through by the fastest means, and its beginning is decoded first."""
_BEGINNING: Final = 128
_BEGINNING_32: Final = 24
_CHUNK: Final = 65_536
_NAME: Final = 64
"""Characters of words that are remembered for the time of one text where they say nothing: names come often."""
_LEAST: Final = 8
"""Bytes in which something personal could lie."""
LARGEST: Final = 1 << 20
"""Bytes that come out of something compressed; more are not looked at."""


class TooLarge(Exception):
    """Something compressed is larger than is looked at, so that nobody knows what it holds."""


class Encoded(NamedTuple):
    """A stretch of a text, and what it says."""

    start: int
    end: int
    text: str


def find(text: str, words: Sequence[int], hexadecimal: Sequence[int]) -> Iterator[Encoded]:
    """What is encoded in a text.

    Args:
        words: where long runs of letters and digits end, with the character behind them.
        hexadecimal: where rows of two digits each lie.

    Raises:
        TooLarge: something compressed is.
    """
    past = apart = tries = 0
    names: set[str] = set()
    for end in words:
        if end - 1 >= past:
            start, past = _word(text, end - 1, lines=end >= apart or tries < _TRIES)
            if past - start > _LONG and _begins_as_no_text(text[start : start + _BEGINNING]):
                continue
            word = text[start:past]
            if word in names:
                continue
            plain = _decoded(word)
            if plain is None and past - start < _NAME:
                names.add(word)
            if plain is None and past > end + 5:  # these lines are each by itself
                tries = tries + 1 if end < apart else 1
                past, apart = end - 1, max(past, apart)
                plain = _decoded(text[start:past])
            if plain is not None:
                yield Encoded(start, past, plain)
    past = 0
    for end in hexadecimal:
        first = _ROW.search(text, max(past, end - 24), end) if end > past else None
        row = _SPACED_HEX.match(text, first.start()) if first else None
        if row is not None:
            past = row.end()
            plain = _text(bytes.fromhex(row[0].replace(":", " ").replace("-", " ")))
            if plain is not None:
                yield Encoded(row.start(), row.end(), plain)


def _word(text: str, end: int, *, lines: bool) -> tuple[int, int]:
    """The run that ends here, with the lines that follow it if it may have been broken into `lines`."""
    start, size = end, 128
    while start:
        run = text[max(0, start - size) : start]
        if size < _LONG or run.encode("ascii", "replace").translate(None, _ALPHABET_BYTES):
            bare = run.rstrip(_ALPHABET)
            start -= len(run) - len(bare)
            if bare:
                break
        else:
            start -= len(run)
        size = min(4 * size, _CHUNK)
    lines = lines and text[end : end + 1] in _GAPS and _SHORTEST_LINE <= end - start <= _LONGEST_LINE
    more = _lines(end - start).match(text, end) if lines else None
    stop = more.end() if more else end
    padded = stop
    while padded < len(text) and text[padded] == "=" and padded - stop < 6:
        padded += 1
    return start, padded


@lru_cache(maxsize=64)
def _lines(size: int) -> re.Pattern[str]:
    """What goes on in lines as long as the first one, however far they are set in; behind a long line in any, or in
    lines that somebody put into one."""
    gap, end = r"[ \t]{0,64}\r?\n[ \t]{0,64}", r"(?![A-Za-z0-9+/_-])"
    line, last = rf"[A-Za-z0-9+/_-]{{{size}}}{end}", rf"[A-Za-z0-9+/_-]{{1,{size}}}{end}"
    if size < _LONG_LINE:
        return re.compile(rf"(?:{gap}{line})+(?:{gap}{last})?")
    return re.compile(rf"(?:[ ]{line})+(?:[ ]{last})?|(?:{gap}[A-Za-z0-9+/_-]{{1,{max(size, 76)}}}{end})+")


def _decoded(token: str) -> str | None:
    if digits := _HEXADECIMAL.fullmatch(token):
        token = digits[1]
        try:
            plain = _text(bytes.fromhex(token))
        except ValueError:  # an odd one
            pass
        else:
            if plain is not None or len(token) >= 32:
                return plain
    elif len(token) == 36 and token[8] == token[13] == token[18] == token[23] == "-":  # a UUID
        return None
    try:
        plain = _text(_from_base64(token))
    except binascii.Error:
        plain = None
    return _text(_from_base32(token)) if plain is None and _BASE32.fullmatch(token) else plain


def _from_base64(token: str) -> bytes:
    """Raises: binascii.Error: it is none."""
    return binascii.a2b_base64(token.encode("ascii").translate(_STANDARD, _NO_DIGITS) + b"==")  # more than enough


def _from_base32(token: str) -> bytes:
    """Nothing where it is none, or begins as no text does: the library goes through it character by character."""
    bare = "".join(token.rstrip("=").split()).upper()
    if len(bare) > _BEGINNING_32 and _is_no_text(_beginning_of_base32(bare)):
        return b""
    try:
        return base64.b32decode(bare + "=" * (-len(bare) % 8))
    except binascii.Error:
        return b""


def _beginning_of_base32(bare: str) -> bytes:
    """What the first characters come to, read as one number."""
    return int(bare[:_BEGINNING_32].translate(_TO_DIGITS), 32).to_bytes(_BEGINNING_32 * 5 // 8, "big")


def _begins_as_no_text(token: str) -> bool:
    """Whether what begins like this can be no text, whatever follows: megabytes need not be decoded then."""
    if all(char in string.hexdigits or char.isspace() for char in token):
        return False
    if _BASE32.fullmatch(token):
        bare = "".join(token.split()).upper()
        if len(bare) <= _BEGINNING_32 or not _is_no_text(_beginning_of_base32(bare)):
            return False
    try:
        return _is_no_text(_from_base64(token))
    except binascii.Error:
        return False


def _is_no_text(data: bytes) -> bool:
    """Whether bytes begin neither as a text does nor as something compressed."""
    if data.isascii() or data[:1] in b"\x1f\x78" or data[:2] in _MARKED or not (any(data[1:64:2]) and any(data[:64:2])):
        return False
    if _western(data):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as e:
        return e.reason != "unexpected end of data"
    return False


def _text(data: bytes) -> str | None:
    """Bytes as the text they are, if they are one."""
    if len(data) < _LEAST:
        return None
    if data[:2] == b"\x1f\x8b" or (data[0] == 0x78 and data[1] in (0x01, 0x5E, 0x9C, 0xDA)):
        data = _unpacked(data)
    if data.isascii() and b"\0" not in data[:64]:
        text = data.decode("ascii")
    elif data[:2] in _MARKED:
        text = data.decode("utf-16", "replace")
    elif 0 in data[:64] and len(data) % 2 == 0 and not (any(data[1:64:2]) and any(data[:64:2])):
        text = data.decode("utf-16-be" if any(data[1:64:2]) else "utf-16-le", "replace")
    elif not data[:6].isascii() and not (data[0] >= 0xC2 and 0x80 <= data[1] < 0xC0) and not _western(data):
        return None  # most of what is no text
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            if not _western(data):
                return None
            text = data.decode("latin-1")
    return text if sum(char.isprintable() or char.isspace() for char in text[:64]) > 0.9 * len(text[:64]) else None


def _western(data: bytes) -> bool:
    """Whether it begins as a text of a western alphabet does."""
    begin = data[:256]
    return not begin.translate(None, _IN_TEXTS) and len(begin.translate(None, _ASCII)) < 0.2 * len(begin)


def _unpacked(data: bytes) -> bytes:
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = unpacking.decompress(data, LARGEST)
    except zlib.error:
        return data
    if unpacking.unconsumed_tail:
        raise TooLarge(f"more than {LARGEST} bytes come out of {len(data)} that are compressed")
    return plain
