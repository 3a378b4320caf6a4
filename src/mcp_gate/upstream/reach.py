"""What the process of one upstream may reach over the network, and how it is reached: by the address really dialled."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from mcp_gate.lang.hostnames import public

CONNECT_SEC: Final = 10.0


class Forbidden(Exception):
    """It may not go there. The text is fit for the process and for the record."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Asked anew for every connection: a new policy is in force at once."""

    hosts: Callable[[], frozenset[str]]
    """Exact hosts in their one spelling (`lang.hostnames.canonical`)."""
    refused: Callable[[str, int, str], None]
    """Told of everything refused: host as the process wrote it, port (0: none), why."""


NOWHERE: Final = Reach(frozenset, lambda host, port, why: None)


class Dialled(NamedTuple):
    """A connection, and the address that it leads to."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    address: str


def may_reach(host: str, address: str, hosts: frozenset[str]) -> bool:
    """Whether a host is listed. An address that is not of the open Internet has to be listed itself."""
    return host in hosts and (address in hosts or public(ipaddress.ip_address(address)))


async def dial(host: str, port: int, hosts: frozenset[str]) -> Dialled:
    """Connect to a listed host.

    Raises:
        Forbidden: the name leads to no address that it may reach.
        OSError: it cannot be reached.
    """
    async with asyncio.timeout(CONNECT_SEC):
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)
    addresses = dict.fromkeys(str(address[0]) for *_, address in found)
    good = [address for address in addresses if may_reach(host, address, hosts)]
    if not good:
        raise Forbidden("its address is not public, and not listed itself")
    failed: OSError = OSError("no address")
    for address in good:
        try:
            async with asyncio.timeout(CONNECT_SEC):
                return Dialled(*await asyncio.open_connection(address, port), address)
        except OSError as error:  # also when it took too long
            failed = error
    raise failed
