"""Icons and addresses that upstreams list: a client fetches or opens them, so only those that do no harm are shown."""

from __future__ import annotations

import re
from typing import Final

from mcp_gate.model.foreign import Json, JsonObject

MOST_INLINE: Final = 65_536
"""Characters of an icon that comes as a `data:` URI."""
IMAGES: Final = ("data:image/png", "data:image/jpeg", "data:image/jpg", "data:image/webp", "data:image/gif")
"""No SVG: it can hold scripts."""
SCRIPTS: Final = ("javascript:", "vbscript:", "data:")
UNSEEN: Final = re.compile(r"[\x00-\x20]")
"""Characters that browsers ignore within a scheme."""


def without_unsafe_icons(item: JsonObject) -> JsonObject:
    """The listed thing with its `https:` icons and its small inline images; other icons are left out."""
    icons = item.get("icons")
    if icons is None:
        return item
    kept = [icon for icon in icons if _safe(icon)] if isinstance(icons, list) else []
    out = {name: value for name, value in item.items() if name != "icons"}
    if kept:
        out["icons"] = kept
    return out


def runs_when_opened(uri: str) -> bool:
    """Whether opening an address would run or show what the address itself holds."""
    return UNSEEN.sub("", uri[:64]).lower().startswith(SCRIPTS)


def _safe(icon: Json) -> bool:
    source = icon.get("src") if isinstance(icon, dict) else None
    if not isinstance(source, str):
        return False
    if source.startswith("https://"):
        return len(source) <= 2048
    return source.startswith(IMAGES) and len(source) <= MOST_INLINE
