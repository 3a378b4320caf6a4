"""From a client's server to an entry of upstreams.yaml. No secret is copied: it becomes a variable to be set."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import UpstreamSpec
from mcp_gate.policy.read_upstreams import HEADER_NAME, VARIABLE_NAME
from mcp_gate.policy.secrets import is_secret
from mcp_gate.setup.clients import PROJECTS, Location
from mcp_gate.setup.servers import Server

REFERENCE: Final = re.compile(r"\$\{(?:(?P<kind>env|input):)?(?P<name>[A-Za-z_][A-Za-z0-9_-]*)(?::-[^}]*)?\}")
"""How clients refer to variables and inputs: `${NAME}`, `${NAME:-default}`, `${env:NAME}`, `${input:name}`."""
DOUBTFUL: Final = re.compile(r"(?i:pass(?:word|wd|phrase)?$|(?:^|[_-])(?:key|pat|auth|dsn)$)")
"""Further ends of names whose values are secrets. Here a guess too many costs a variable, one too few a secret."""
OPAQUE: Final = re.compile(
    r"(?i:\b(?:bearer|basic)\s+\S)|(?<![\w/.])(?:(?=\w*[0-9])(?=\w*[a-z])(?=\w*[A-Z])\w{20,}|[0-9a-f]{32,})(?!\w)"
)
"""Values that are probably secrets whatever their names say."""
HEADER: Final = re.compile(r"([A-Za-z0-9-]+)\s*:\s*(.+)")
FOLDERS: Final = frozenset({"workspaceFolder", "workspaceRoot", "cwd"})
LONGEST_ID: Final = 32


_NAMED: Final = re.compile(r"\$\{env:([^}]*)\}")


class Untranslatable(ValueError):
    """The server cannot stand in upstreams.yaml; says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One upstream to be."""

    spec: UpstreamSpec
    """Values may hold `${env:NAME}`."""
    server: Server
    variables: Mapping[str, str] = field(default_factory=dict)
    """Names that have to be set, and the values that the client's file has for them; "" where it has none."""


def translate(servers: Iterable[Server], taken: Iterable[str] = ()) -> tuple[list[Entry], list[str]]:
    """Entries for all that can be, each with an id of its own, and what is wrong with the others.

    Args:
        taken: ids that are in use.
    """
    ids, entries, odd, given = set(taken), [], [], dict[str, str]()
    for server in servers:
        try:
            entry = _entry(server, _free_id(server.name, ids), given)
        except Untranslatable as e:
            odd.append(f"{reveal(server.name)}: {e}")
            continue
        ids.add(entry.spec.id)
        given |= entry.variables
        entries.append(entry)
    return entries, odd


def reached(one: Server | UpstreamSpec) -> tuple[str | None, tuple[str, ...], str | None]:
    """Equal where two entries start or reach the same server."""
    texts = (_NAMED.sub("${}", text) for text in one.args)  # what a variable is called makes no other server
    return one.command, tuple(texts), one.url


def distinct(servers: Iterable[Server]) -> tuple[list[Server], list[str]]:
    """Each server once, and what cannot be told apart from another by how it is started."""
    seen: dict[object, Server] = {}
    odd = []
    for server in servers:
        first = seen.setdefault(reached(server), server)
        if not alike(first, server):
            said = f"'{reveal(first.name)}' is started in the same way, with another environment; add it by hand"
            odd.append(f"{reveal(server.name)}: {said}")
    return list(seen.values()), odd


def alike(one: Server, other: Server) -> bool:
    """Whether two clients, or two names, have the very same server."""
    same = (one.env, one.headers, one.cwd) == (other.env, other.headers, other.cwd)
    return same and reached(one) == reached(other)


def values(entry: Entry, spec: UpstreamSpec) -> dict[str, str]:
    """The values that a client's file has for the variables of an upstream, under the names that they have there."""
    out = {}
    theirs = _texts(spec)
    for place, text in _texts(entry.spec).items():
        for ours, name in zip(_NAMED.findall(text), _NAMED.findall(theirs.get(place, "")), strict=False):
            if value := entry.variables.get(ours):
                out[name] = value
    return out


def _texts(spec: UpstreamSpec) -> dict[tuple[str, str], str]:
    """Where variables may stand."""
    args = {("args", str(place)): text for place, text in enumerate(spec.args)}
    env = {("env", key): text for key, text in spec.env.items()}
    return {**args, **env, **{("headers", key): text for key, text in spec.headers.items()}}


def upstream_id(name: str) -> str:
    """A server's name as an id; two names may have the same."""
    plain = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
    return plain[:LONGEST_ID].rstrip("-") or "server"


def _free_id(name: str, ids: set[str]) -> str:
    base = upstream_id(name)
    tries = (base if n == 1 else f"{base[: LONGEST_ID - 4]}-{n}" for n in range(1, 1000))
    return next(one for one in tries if one not in ids)


def _entry(server: Server, id_: str, given: Mapping[str, str]) -> Entry:
    """
    Args:
        given: variables of other servers: two that need the same name for two secrets have to have two.
    """
    variables: dict[str, str] = {}
    project = _project(server.location)

    def text(value: str, key: str) -> str:
        return _text(value, key, id_, variables, given, project)

    names, form = (server.headers, HEADER_NAME) if server.url is not None else (server.env, VARIABLE_NAME)
    for name in names:
        if not form.fullmatch(name):
            raise Untranslatable(f"'{reveal(name)}' is not the name of a variable or header")
    spec = UpstreamSpec(
        id=id_,
        prefix=f"{id_}_",
        command=None if server.command is None else text(server.command, ""),
        args=tuple(_arguments(server.args, text)),
        env={name: text(value, name) for name, value in server.env.items()},
        url=None if server.url is None else _url(server.url),
        headers={name: text(value, name) for name, value in server.headers.items()},
        cwd=_start(server, None if server.cwd is None else text(server.cwd, ""), project),
    )
    return Entry(spec, server, variables)


def _project(location: Location) -> Path:
    """The folder that a client's file is about: the one it names, the one with its hidden folder, or its own."""
    if location.keys[0] == PROJECTS:
        return Path(location.keys[1])
    path = location.path
    return path.parent.parent if path.parent.name.startswith(".") else path.parent


def _start(server: Server, cwd: str | None, project: Path) -> str | None:
    """Where its client starts it, if that matters: it says so, or its command names something there."""
    if cwd is not None:
        return str(project / cwd)
    command = server.command or ""
    words = ([command] if "/" in command else []) + [word for word in server.args if not word.startswith("-")]
    named = (word for word in words if word and not Path(word).is_absolute())
    return str(project) if any(_is_there(project / word) for word in named) else None


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, or no path at all
        return False


def _arguments(args: Iterable[str], text: Callable[[str, str], str]) -> Iterator[str]:
    option = ""
    for arg in args:
        yield text(arg, option)
        option = arg if arg.startswith("-") else ""


def _text(
    value: str, key: str, id_: str, variables: dict[str, str], others: Mapping[str, str], project: Path
) -> str:  # fmt: skip
    """A value with references as the gate writes them, and with a variable in the place of a secret.

    Args:
        key: the variable, header or option whose value it is.
        variables: what has to be set; added to.
        others: what other servers need.
        project: what the client calls its folder.
    """
    if any(char in "\0\n\r" or "\ud800" <= char <= "\udfff" for char in value):
        raise Untranslatable("a value holds a line break, a NUL or half of a character")

    def reference(found: re.Match[str]) -> str:
        if found["kind"] is None and found["name"] in FOLDERS:
            return str(project)
        name = found["name"] if found["kind"] != "input" else found["name"].upper()
        variables.setdefault(name.replace("-", "_"), "")
        return f"${{env:{name.replace('-', '_')}}}"

    bare = REFERENCE.sub("", value)
    if "${" in bare:
        raise Untranslatable("a value holds '${', which is not a variable we know")
    if bare == value and _secret(key, value):
        option, joined, secret = value.partition("=") if value.startswith("-") else ("", "", value)
        name = _variable(key or option, id_, secret, {**others, **variables})
        variables[name] = secret
        return f"{option}{joined}${{env:{name}}}"
    if is_secret("", bare):
        raise Untranslatable("a value holds a variable and a secret; make one variable of it")
    return REFERENCE.sub(reference, value)


def _secret(key: str, value: str) -> bool:
    header = HEADER.fullmatch(value) if key.startswith("-") else None
    name, rest = header.groups() if header is not None else (key, value)
    doubtful = bool(value) and (DOUBTFUL.search(name) is not None or OPAQUE.search(value) is not None)
    return is_secret(name, rest) or is_secret(key, value) or doubtful


def _variable(key: str, id_: str, value: str, taken: Mapping[str, str]) -> str:
    """A variable's name: the key itself where it is one, else made of the upstream and the key; one of its own where
    another value has that."""
    made = re.sub(r"[^A-Z0-9]+", "_", f"{id_}_{key.lstrip('-')}".upper()).strip("_")
    made = made if VARIABLE_NAME.fullmatch(made) else f"_{made}"
    first = key if VARIABLE_NAME.fullmatch(key) and key.isupper() else made
    tries = (first, made, *(f"{made}_{n}" for n in range(2, 1000)))
    return next(name for name in tries if taken.get(name, value) == value)


def _url(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or "@" in parts.netloc or " " in url or not (url.isascii() and url.isprintable()):
        raise Untranslatable("its url is not a plain http(s) URL")
    if any(_secret(name, value) for name, value in parse_qsl(parts.query)) or is_secret("", url):
        raise Untranslatable("its url holds a secret; see whether the server takes it as a header")
    return url
