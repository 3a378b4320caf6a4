"""HTML from templates. What agents and upstreams wrote is revealed, then escaped: neither markup nor hidden."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from mcp_gate.faces.http.problem import SAFE_HEADERS
from mcp_gate.lang.reveal import mixed_script, reveal

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_REVEALED: Final = re.compile(r"⟨(U\+[0-9A-F]{4,6})⟩")
_WORD: Final = re.compile(r"[\w.@\-]+")


def html(template: str, status: int = 200, headers: dict[str, str] | None = None, **shown: Any) -> Response:
    """A page.

    Args:
        template: name of one of the templates, without its ending.
        shown: what it shows.
    """
    env = _environment()
    text = env.get_template(f"{template}.html").render(shown)
    return Response(text, status, {**_headers(), **(headers or {})}, "text/html")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    env = Environment(
        loader=PackageLoader("mcp_gate.faces.http.page"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    env.filters["foreign"] = foreign
    env.globals["style"] = _markup(_style())
    return env


def foreign(text: object) -> Markup:
    """A text of somebody else's: what does not show itself, and words that mix alphabets, stand out; its direction
    turns nothing around it."""
    from markupsafe import Markup, escape

    pieces = _REVEALED.split(reveal(str(text)))
    shown = (Markup("<mark>{}</mark>").format(piece) if i % 2 else _flagged(piece) for i, piece in enumerate(pieces))
    return Markup('<bdi dir="ltr">{}</bdi>').format(escape("").join(shown))


def _flagged(text: str) -> Markup:
    from markupsafe import Markup, escape

    if text.isascii():
        return escape(text)
    out, start = [], 0
    for found in _WORD.finditer(text):
        if mixed_script(found.group()):
            out += [escape(text[start : found.start()]), Markup("<mark>{}</mark>").format(found.group())]
            start = found.end()
    return escape("").join((*out, escape(text[start:])))


def _markup(text: str) -> Markup:
    from markupsafe import Markup

    return Markup(text)  # our own file


@cache
def _style() -> str:
    return files("mcp_gate.faces.http.page").joinpath("templates", "style.css").read_text(encoding="utf-8")


@cache
def _headers() -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return {
        **SAFE_HEADERS,
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
        # Not `no-referrer`, which would take the Origin from our own forms.
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
    }
