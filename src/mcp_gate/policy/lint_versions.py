"""Warnings about upstreams whose program is not what their files say: packages that are fetched, modules by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import UpstreamSpec
from mcp_gate.policy.read_upstreams import Upstreams


@dataclass(frozen=True, slots=True)
class Launcher:
    """A command that fetches a package and runs it."""

    package: frozenset[str]
    """Options whose value is the package; without one it is the first argument that is not an option."""
    valued: frozenset[str]
    """Other options that take a value."""
    version: re.Pattern[str]
    """What stands in a package's name when it names its version."""
    example: str


NPM: Final = re.compile(r".@v?[0-9]")
PYPI: Final = re.compile(r"==[0-9]|@v?[0-9]")
LAUNCHERS: Final = {
    "npx": Launcher(frozenset({"-p", "--package"}), frozenset({"-c", "--call", "-w", "--workspace"}), NPM, "@1.2.3"),
    "bunx": Launcher(frozenset({"-p", "--package"}), frozenset(), NPM, "@1.2.3"),
    "uvx": Launcher(
        frozenset({"--from"}),
        frozenset({"-p", "--python", "-w", "--with", "--with-editable", "-i", "--index", "--env-file", "-c"}),
        PYPI, "==1.2.3",
    ),
}  # fmt: skip
ELSEWHERE: Final = re.compile(r"[./~]|.*(://|\$\{)")
"""How a package begins that is a folder, an address, or comes from a variable: not judged."""


PYTHON: Final = re.compile(r"python[0-9.]*|pypy[0-9.]*")


def lint_versions(reader: Reader, upstreams: Upstreams) -> None:
    """What is fetched without a version can be another program at every start, and none of it is pinned."""
    for spec in upstreams.specs.values():
        name = PurePath(spec.command or "").name
        launcher = LAUNCHERS.get(name)
        if spec.pin_program:
            _unpinned(reader, spec, name)
        package = None if launcher is None else _package(launcher, spec)
        if launcher is None or package is None or ELSEWHERE.match(package) or launcher.version.search(package):
            continue
        message = f"'{reveal(package)}' names no version: it can be another program at every start"
        reader.warn(spec.place, message, f"write the version you looked at, such as {launcher.example}")


def _unpinned(reader: Reader, spec: UpstreamSpec, command: str) -> None:
    """What pin_program does not reach, where the command line shows it."""
    if command in LAUNCHERS:
        message = f"pin_program pins '{command}' and files that arguments name, not the package that it fetches"
        reader.warn(spec.place, message, "install the package and name its own program as command")
    elif PYTHON.fullmatch(command) and "-m" in spec.args:
        message = "pin_program does not pin the module behind '-m'"
        reader.warn(spec.place, message, "name the module's file as an argument")


def _package(launcher: Launcher, spec: UpstreamSpec) -> str | None:
    first = None
    words = iter(spec.args)
    for word in words:
        name, _, value = word.partition("=")
        if name in launcher.package:
            return value or next(words, None)
        if word in launcher.valued:
            next(words, None)
        elif first is None and not word.startswith("-"):
            first = word
    return first
