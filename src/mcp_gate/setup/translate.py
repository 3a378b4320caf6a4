"""From a client's server to an entry of upstreams.yaml. No secret is copied: it becomes a variable to be set."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import UpstreamSpec
from mcp_gate.policy.read_upstreams import HEADER_NAME, VARIABLE_NAME
from mcp_gate.policy.secrets import is_secret
from mcp_gate.setup.servers import Server

REFERENCE: Final = re.compile(r"\$\{(?:(?P<kind>env|input):)?(?P<name>[A-Za-z_][A-Za-z0-9_-]*)(?::-[^}]*)?\}")
"""How clients refer to variables and inputs: `${NAME}`, `${NAME:-default}`, `${env:NAME}`, `${input:name}`."""
FOLDERS: Final = frozenset({"workspaceFolder", "workspaceRoot", "cwd"})
LONGEST_ID: Final = 32


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
    ids, entries, odd = set(taken), [], []
    for server in servers:
        try:
            entry = _entry(server, _free_id(server.name, ids))
        except Untranslatable as e:
            odd.append(f"{reveal(server.name)}: {e}")
            continue
        ids.add(entry.spec.id)
        entries.append(entry)
    return entries, odd


def reached(one: Server | UpstreamSpec) -> tuple[str | None, tuple[str, ...], str | None]:
    """Equal where two entries start or reach the same server."""
    return one.command, one.args, one.url


def upstream_id(name: str) -> str:
    """A server's name as an id; two names may have the same."""
    plain = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
    return plain[:LONGEST_ID].rstrip("-") or "server"


def _free_id(name: str, ids: set[str]) -> str:
    base = upstream_id(name)
    tries = (base if n == 1 else f"{base[: LONGEST_ID - 4]}-{n}" for n in range(1, 1000))
    return next(one for one in tries if one not in ids)


def _entry(server: Server, id_: str) -> Entry:
    variables: dict[str, str] = {}
    project = _project(server.location.path)

    def text(value: str, key: str) -> str:
        return _text(value, key, id_, variables, project)

    names, form = (server.headers, HEADER_NAME) if server.url is not None else (server.env, VARIABLE_NAME)
    for name in names:
        if not form.fullmatch(name):
            raise Untranslatable(f"'{reveal(name)}' is no name of a variable or header")
    spec = UpstreamSpec(
        id=id_,
        prefix=f"{id_}_",
        command=None if server.command is None else text(server.command, ""),
        args=tuple(_arguments(server.args, text)),
        env={name: text(value, name) for name, value in server.env.items()},
        url=None if server.url is None else _url(server.url),
        headers={name: text(value, name) for name, value in server.headers.items()},
        cwd=None if server.cwd is None else text(server.cwd, ""),
    )
    return Entry(spec, server, variables)


def _project(path: Path) -> Path:
    """The folder that a client's file is about: the one with its hidden folder, or its own."""
    return path.parent.parent if path.parent.name.startswith(".") else path.parent


def _arguments(args: Iterable[str], text: Callable[[str, str], str]) -> Iterator[str]:
    option = ""
    for arg in args:
        yield text(arg, option)
        option = arg if arg.startswith("-") else ""


def _text(value: str, key: str, id_: str, variables: dict[str, str], project: Path) -> str:
    """A value with references as the gate writes them, and with a variable in the place of a secret.

    Args:
        key: the variable, header or option whose value it is.
        variables: what has to be set; added to.
        project: what the client calls its folder.
    """
    if "\0" in value or "\n" in value:
        raise Untranslatable("a value holds a control character")

    def reference(found: re.Match[str]) -> str:
        if found["kind"] is None and found["name"] in FOLDERS:
            return str(project)
        name = found["name"] if found["kind"] != "input" else found["name"].upper()
        variables.setdefault(name.replace("-", "_"), "")
        return f"${{env:{name.replace('-', '_')}}}"

    bare = REFERENCE.sub("", value)
    if "${" in bare:
        raise Untranslatable("a value holds '${', which is no variable we know")
    if bare == value and is_secret(key, value):
        option, joined, given = value.partition("=") if value.startswith("-") else ("", "", value)
        name = _variable(key or option, id_)
        variables[name] = given
        return f"{option}{joined}${{env:{name}}}"
    return REFERENCE.sub(reference, value)


def _variable(key: str, id_: str) -> str:
    """A variable's name: the key itself where it is one, else made of the upstream and the key."""
    if VARIABLE_NAME.fullmatch(key) and key.isupper():
        return key
    return re.sub(r"[^A-Z0-9]+", "_", f"{id_}_{key.lstrip('-')}".upper()).strip("_")


def _url(url: str) -> str:
    if not url.startswith(("http://", "https://")) or "@" in url.partition("//")[2].partition("/")[0]:
        raise Untranslatable("its url is no plain http(s) URL")
    return url
