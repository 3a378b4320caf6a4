"""The Merkle tree of RFC 6962, leaf by leaf: one root stands for all records up to a number."""

from __future__ import annotations

import hashlib


class Tree:
    """Grows at its right end, and keeps only the roots of its full parts: as many as the size has binary ones."""

    def __init__(self) -> None:
        self.size = 0
        self._parts: list[bytes] = []
        """Roots of full trees, largest first."""

    def add(self, leaf: bytes) -> None:
        """One more leaf."""
        part, height = hashlib.sha256(b"\0" + leaf).digest(), self.size
        while height & 1:
            part, height = _node(self._parts.pop(), part), height >> 1
        self._parts.append(part)
        self.size += 1

    def root(self) -> bytes:
        """Of all leaves so far."""
        if not self._parts:
            return hashlib.sha256(b"").digest()
        *rest, root = self._parts
        for part in reversed(rest):
            root = _node(part, root)
        return root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
