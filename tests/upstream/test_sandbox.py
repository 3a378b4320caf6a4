"""A real server in a real sandbox that tries to reach elsewhere; listeners on loopback stand for the network."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.model.config import Enforcement, Limits, Place, Sandbox, UpstreamSpec
from mcp_gate.upstream import proxy, sandbox
from mcp_gate.upstream.launch import Vetting
from mcp_gate.upstream.link import ClientHello, Down, open_link
from mcp_gate.upstream.programs import Programs, Vetted
from mcp_gate.upstream.reach import Reach, dial
from support import roamer
from support.network import listening, needs_sandbox
from support.upstreams import Ears, running, until

pytestmark = [pytest.mark.anyio, needs_sandbox]

CLIENT = ClientHello("2025-11-25", {}, {"name": "c", "version": "0"})
HELD = Sandbox(Place("upstreams.yaml", 1, 1))


def spec(**more: Any) -> UpstreamSpec:
    usual = {"id": "roamer", "prefix": "r_", "command": sys.executable, "args": ("-I", roamer.__file__)}
    return UpstreamSpec(**{**usual, "sandbox": HELD, **more})


class Roamer:
    """A server in its sandbox, and what it was kept from."""

    def __init__(self, hosts: set[str]) -> None:
        self.hosts = hosts
        self.refused: list[tuple[str, int, str]] = []
        self.link: Any = None

    async def go(self, how: str, **what: Any) -> str:
        params = {"name": "go", "arguments": {"how": how, **what}}
        result = await self.link.request("tools/call", params).result()
        return str(result["content"][0]["text"])


@asynccontextmanager
async def roaming(*hosts: str, vetting: Vetting | None = None, **more: Any) -> AsyncIterator[Roamer]:
    found = Roamer(set(hosts))
    reach = Reach(lambda: frozenset(found.hosts), lambda *what: found.refused.append(what))
    found.link = await open_link(spec(**more), CLIENT, Ears(), Limits(), reach, vetting)
    try:
        yield found
    finally:
        await found.link.close()


async def test_there_is_no_network_but_the_proxys() -> None:
    with listening() as server:
        async with roaming("127.0.0.1") as inside:
            for host in ("127.0.0.1", "127.0.0.2", "192.0.2.1", "::1", "2001:db8::1"):
                said = await inside.go("dial", host=host, port=server.port, say="hello")
                assert "refused" in said or "unreachable" in said or "assign" in said, said
            assert "Error" in await inside.go("dial", host="localhost", port=server.port, say="hello")
        assert server.heard == []


async def test_a_listed_host_is_reached_in_plain_and_by_a_tunnel() -> None:
    with listening() as server:
        async with roaming("127.0.0.1") as inside:
            assert await inside.go("fetch", url=f"{server.url}/a?b=c") == "I am 127.0.0.1\n"
            said = await inside.go("tunnel", host="127.0.0.1", port=server.port, say="not HTTP at all")
            assert "I am 127.0.0.1" in said
            assert inside.refused == []
        plain, tunnelled = server.heard
        assert plain.startswith(f"GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n")
        assert "Connection: close" in plain
        assert "proxy" not in plain.lower()
        assert tunnelled == "not HTTP at all"


async def test_another_host_is_refused_recorded_and_hears_nothing() -> None:
    with listening("127.0.0.2") as elsewhere:
        async with roaming("127.0.0.1") as inside:
            assert await inside.go("fetch", url=elsewhere.url) == "HTTPError: HTTP Error 403: Forbidden"
            said = await inside.go("tunnel", host="127.0.0.2", port=elsewhere.port, say="x")
            assert said.startswith("HTTP/1.1 403 Forbidden\r\n")
            assert said.endswith("mcp-gate: 127.0.0.2: it is not on the allowlist\n")
            assert inside.refused == [("127.0.0.2", elsewhere.port, "it is not on the allowlist")] * 2
        assert elsewhere.heard == []


async def test_a_name_that_leads_to_an_address_which_is_not_public_is_refused_unless_that_is_listed_itself() -> None:
    with listening() as server:
        async with roaming("localhost") as inside:
            said = await inside.go("tunnel", host="localhost", port=server.port, say="x")
            assert "403" in said
            assert inside.refused == [("localhost", server.port, "its address is not public, and not listed itself")]
            inside.hosts.add("127.0.0.1")
            assert "I am" in await inside.go("tunnel", host="LOCALHOST.", port=server.port, say="x")


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "127.0.0.1.evil.example", "a_b"]
)
async def test_no_other_spelling_of_a_listed_host_gets_out(host: str) -> None:
    with listening() as server:
        async with roaming("127.0.0.1") as inside:
            assert " 403 " in await inside.go("tunnel", host=host, port=server.port, say="x")
            assert len(inside.refused) == 1
        assert server.heard == []


@pytest.mark.parametrize(
    "text",
    ["GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n"],
)
async def test_what_is_no_request_of_a_proxy_is_answered_so(text: str) -> None:
    async with roaming("127.0.0.1") as inside:
        assert " 400 " in await inside.go("raw", text=text)


async def test_a_host_that_is_taken_off_the_list_is_cut_off() -> None:
    with listening() as server:
        async with roaming("127.0.0.1") as inside:
            where = {"host": "127.0.0.1", "port": server.port}
            going = asyncio.ensure_future(inside.go("tunnel", **where, say="one", more="two", pause=2.0))
            await until(lambda: server.heard == ["one"])
            inside.hosts.clear()
            await going
            assert server.heard == ["one"]


async def test_an_address_that_is_taken_off_the_list_is_cut_off_though_its_name_stays() -> None:
    with listening() as server:
        async with roaming("localhost", "127.0.0.1") as inside:
            where = {"host": "localhost", "port": server.port}
            going = asyncio.ensure_future(inside.go("tunnel", **where, say="one", more="two", pause=2.0))
            await until(lambda: server.heard == ["one"])
            inside.hosts.remove("127.0.0.1")
            await going
            assert server.heard == ["one"]


async def test_a_host_that_is_taken_off_the_list_while_it_is_dialled_hears_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with listening() as server:
        async with roaming("127.0.0.1") as inside:

            async def late(host: str, port: int, hosts: frozenset[str]) -> object:
                found = await dial(host, port, hosts)
                inside.hosts.clear()
                return found

            monkeypatch.setattr(proxy, "dial", late)
            assert "I am" not in await inside.go("fetch", url=server.url)
        assert "".join(server.heard) == ""


async def test_sockets_that_lead_around_the_walls_are_not_made(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(path)
        bus.listen()
        async with roaming() as inside:
            assert "Operation not permitted" in await inside.go("unix", path=path)
            for family in (socket.AF_UNIX, 40, 17, 31, 38):
                assert "Operation not permitted" in await inside.go("family", number=family)
            for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):  # the kernel makes datagram sockets of raw ones
                assert "Operation not permitted" in await inside.go("pair", kind=kind)
            assert await inside.go("pair", kind=socket.SOCK_STREAM) == "made"
            for family in (socket.AF_INET, socket.AF_INET6):
                assert await inside.go("family", number=family) == "made"


async def test_it_keeps_its_place_and_its_environment_and_sees_no_process_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER_SECRET", "s3")
    async with roaming(cwd=str(tmp_path), env={"SHOP_TOKEN": "t0"}) as inside:
        seen = json.loads(await inside.go("look"))
    assert seen["cwd"] == str(tmp_path)
    assert seen["env"]["SHOP_TOKEN"] == "t0"
    assert "PAGER_SECRET" not in seen["env"]
    assert seen["env"]["https_proxy"] == seen["env"]["HTTP_PROXY"]
    assert seen["pids"] == 2
    assert seen["capabilities"] == ["CapEff:\t0000000000000000"]


async def test_it_ends_with_its_link_and_leaves_nothing_behind(tmp_path: Path) -> None:
    before = open_files()
    async with roaming() as inside:
        pid = inside.link._child._transport.get_pid()
        assert running(pid)
    assert not running(pid)
    await until(lambda: open_files() <= before)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_command_that_is_not_there_is_told() -> None:
    with pytest.raises(Down) as caught:
        async with roaming(command="no-such-command"):
            pass
    assert caught.value.detail == "it ended: exit 1: no-such-command: No such file or directory"


@pytest.mark.parametrize("enforcement", Enforcement)
async def test_where_walls_cannot_be_built_only_an_advised_sandbox_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enforcement: Enforcement
) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert sandbox.hindrance() == (
        "bubblewrap cannot make a sandbox here: bwrap: No permissions to create a new namespace"
    )
    asked = Sandbox(HELD.place, enforcement)
    if enforcement is Enforcement.ADVISORY:
        async with roaming(sandbox=asked) as inside:
            assert "HTTP_PROXY" not in json.loads(await inside.go("look"))["env"]
    else:
        with pytest.raises(Down) as caught:
            async with roaming(sandbox=asked):
                pass
        assert caught.value.detail == "it ended: exit 1: bwrap: No permissions to create a new namespace"


async def test_S188_what_runs_inside_is_what_was_looked_at_outside() -> None:
    programs = Programs()
    async with roaming(vetting=Vetted("roamer", programs)) as inside:
        assert "Error" in await inside.go("dial", host="localhost", port=9, say="hello")
    assert list(programs.accepted("roamer") or {}) == [sys.executable, roamer.__file__]
