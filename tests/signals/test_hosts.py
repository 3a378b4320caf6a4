"""The hosts of arguments: a table of disguises, ordinary arguments that name none, and real parsers as the measure."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import httpx2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcp_gate.lang.hostnames import canonical
from mcp_gate.model.constraints import Constraints
from mcp_gate.signals.bounds import broken
from mcp_gate.signals.hosts import hosts
from support.directories import facts, loaded

GATE = loaded()
LISTED = Constraints(network_allowlist=("api.github.com", "xn--bcher-kva.example", "203.0.113.7", "2001:db8::7"))
TABLE = json.loads((Path(__file__).parent.parent / "data" / "hosts.json").read_text())
"""`passes` and, by the kind of disguise, `stopped`: texts; `fields` and `ordinary`: arguments; `pieces`: what texts
that are made up consist of."""


def passes(arguments: object) -> bool:
    """Whether a call with these arguments keeps to the allowlist."""
    return broken(LISTED, facts(GATE, arguments={"a": arguments})) == ""


@pytest.mark.parametrize("text", TABLE["passes"])
def test_S079_the_listed_host_passes_in_its_one_normalisation(text: str) -> None:
    assert passes(text)


@pytest.mark.parametrize("text", [text for kind in TABLE["stopped"].values() for text in kind])
def test_S079_every_other_host_is_found_wherever_it_stands(text: str) -> None:
    for arguments in (text, [{"b": [text]}], {text: 1}, json.dumps({"x": [text]}), quote(text, safe="")):
        assert not passes(arguments), arguments


@pytest.mark.parametrize(
    "text",
    [
        f"https://api.github.com:{'0' * 400}@evil.io/", f"https://api.github.com{' ' * 400}@evil.io/",
        f"{' ' * 400}https://api.github.com @evil.io/", f"https://{'a' * 400}@evil.io", f"https://a{'.a' * 400}/",
        f"api.github.com:{'0' * 2000}@evil.io", f"{'a' * 2000}@evil.io/x", f"evil.io/{'a' * 2000}",
    ],
)  # fmt: skip
def test_S079_no_length_hides_a_host(text: str) -> None:
    assert not passes(text)


@pytest.mark.parametrize("text", ["ｅｖｉｌ.io", "evil。io", "ask evil｡io/x", "１０.0.0.5", "evil．io"])
def test_S079_other_letters_and_dots_hide_no_host_that_stands_without_a_scheme(text: str) -> None:
    assert not passes(text)


@pytest.mark.parametrize("arguments", TABLE["fields"])
def test_fields_that_are_called_hosts_and_urls_are_read_as_such(arguments: object) -> None:
    assert not passes(arguments)


FALSE_ALARMS = {"job.support", "user.name", "event.date", "item.id"}
"""What ends like a host and stands alone in its field: `.support` and `.name` are top-level domains."""


def test_ordinary_arguments_name_no_host_but_for_fields_that_end_like_one() -> None:
    ordinary = [*TABLE["ordinary"], *sorted(FALSE_ALARMS)]
    alarms = [one for one in ordinary if list(hosts({"a": one}))]
    assert set(map(str, alarms)) == FALSE_ALARMS
    assert len(alarms) / len(ordinary) < 0.03


# ---- real parsers


def by_urllib(text: str) -> str | None:
    return urlsplit(text).hostname


def by_httpx(text: str) -> str | None:
    return httpx2.URL(text).raw_host.decode()


def by_browsers(text: str) -> str | None:
    """The host as the URL standard finds it, without what makes it fail."""
    text = re.sub(r"[\t\r\n]", "", text.strip("".join(map(chr, range(33)))))
    browsers = r"(?:(?:https?|wss?|ftp):[/\\]*|file:[/\\]{2}|[/\\]{2})([^/\\?#]*)"
    found = re.match(rf"{browsers}|[a-z][a-z0-9+.-]*://([^/?#]*)", text, re.IGNORECASE)
    return None if found is None else _after_user(found[1] or found[2] or "")


def by_rfc(text: str) -> str | None:
    """The regular expression of RFC 3986, appendix B."""
    found = re.match(r"^(([^:/?#]+):)?(//([^/?#]*))?", text)
    return None if found is None or found[4] is None else _after_user(found[4])


def by_first_at(text: str) -> str | None:
    """As careless code finds it: what is between the first `@`, if any, and the next delimiter."""
    authority = re.split(r"[/?#\s]", text.partition("://")[2], maxsplit=1)[0]
    return re.split(r"[:@]", authority.partition("@")[2] or authority, maxsplit=1)[0]


def _after_user(authority: str) -> str:
    name = authority.rpartition("@")[2]
    return name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]


PARSERS: list[Callable[[str], str | None]] = [by_urllib, by_httpx, by_browsers, by_rfc, by_first_at]


def readings(text: str) -> Iterator[str]:
    """What the parsers think is the host, where it could be looked up at all: no top-level domain ends in a sign, and
    no part of a name is empty."""
    for parser in PARSERS:
        try:
            host = parser(text)
        except (ValueError, httpx2.InvalidURL, UnicodeError):
            continue
        if host and not re.search(r"[\s<>]|\.\.|[^\w.%]\.?$", unquote(host)):
            yield host


TEXTS = st.one_of(
    st.lists(st.sampled_from(TABLE["pieces"]), max_size=10).map("".join),
    st.lists(st.sampled_from(TABLE["pieces"]), max_size=6).map(lambda parts: "https://" + "".join(parts)),
    st.lists(st.sampled_from(TABLE["pieces"]), max_size=4).map(lambda parts: "https://api.github.com" + "".join(parts)),
    st.text(max_size=20).map(lambda text: "https://" + text),
)


@given(TEXTS)
@settings(max_examples=1500, deadline=None)
@example("https://api.github.com\nhttps://api.github.com/")
@example("https://api.github.com.. https")
@example('https://api.github.com". https')
def test_S079_what_any_parser_thinks_is_the_host_is_found_or_the_call_is_stopped(text: str) -> None:
    found = set(hosts(text))
    for host in readings(text):
        assert any(named.host in (None, canonical(host)) for named in found), (host, found)
        if passes(text):
            assert canonical(host) in LISTED.network_allowlist, host


@given(st.text(), st.text(max_size=5))
@settings(max_examples=200, deadline=None)
def test_whatever_the_text_an_answer_is_found(text: str, field: str) -> None:
    list(hosts({field: [text, {text: field}]}))


PIECES = [
    ":", "http:a ", "a.", "@", "://", "[", "%25", "&", "\\", "a@", "::", "{", '["', "ftp:", "a.b:", "0x", "ftp:/", "x://",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_a_long_text_of_one_kind_takes_no_longer_than_its_length(piece: str) -> None:
    text = piece * (50_000 // len(piece))
    began = time.process_time()
    list(hosts({"url": text, "host": text, "x": text, "hosts": f"[{text}", "y": f"https://api.github.com/{text}"}))
    assert time.process_time() - began < 5
