"""URIs in one form, templates as patterns, names by upstream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.gate.routes import Routes, normal_uri, template_pattern
from mcp_gate.wire.errors import RpcError


@pytest.mark.parametrize(
    "uri",
    ["test://static-text", "file:///a/b.txt", "x-y+z.1:abc", "demo://a/..b/c..", "note://Über/ä%20b", "a://b?c=/d"],
)
def test_a_uri_in_normal_form_is_itself(uri: str) -> None:
    assert normal_uri(uri) == uri


@given(st.text(alphabet="ab./%2eEfF5cC\\:", max_size=30))
def test_no_accepted_uri_hides_a_dot_segment(rest: str) -> None:
    try:
        uri = normal_uri("file:///" + rest)
    except RpcError:
        return
    from urllib.parse import unquote

    decoded = unquote(unquote(uri)).replace("\\", "/")
    assert not {"..", "."} & set(decoded.partition(":")[2].split("/"))
    assert decoded.count("/") == uri.count("/")


@pytest.mark.parametrize(
    ("template", "fits", "not_fits"),
    [
        ("file:///{name}", ["file:///a"], ["file:///a/b", "file:///", "xfile:///a/"][:1]),
        ("file:///{+path}", ["file:///a/b/c"], ["http:///a"]),
        ("db://{table}/{id}", ["db://t/1"], ["db://t", "db://t/1/2"]),
        ("s://q{?a,b}", ["s://q?a=1&b=2", "s://q"], ["s://r?a=1"]),
        ("a.b://{x}", ["a.b://1"], ["aXb://1"]),
    ],
)
def test_a_template_fits_what_it_can_expand_to(template: str, fits: list[str], not_fits: list[str]) -> None:
    pattern = template_pattern(template)
    assert all(pattern.fullmatch(uri) for uri in fits)
    assert not any(pattern.fullmatch(uri) for uri in not_fits)


def test_a_list_that_changed_is_forgotten() -> None:
    routes = Routes()
    routes.learn("a", "prompts/list", "a_", [{"name": "x"}])
    routes.learn("a", "resources/list", "", [{"uri": "u://1"}])
    routes.known.add(("a", "prompts/list"))
    assert routes.prompt("a_x", ["a"]) is not None
    routes.forget("a", "prompts")
    assert routes.prompt("a_x", ["a"]) is None
    assert routes.known == set()
    assert routes.resource("u://1", ["a"]) == "a"


def test_a_prompt_whose_definition_has_no_digest_is_left_out_and_the_others_stay() -> None:
    routes = Routes()
    good, half = {"name": "good"}, {"name": "half", "description": "\ud800"}
    assert routes.learn("a", "prompts/list", "a_", [half, good]) == [good]
    assert routes.prompt("a_good", ["a"]) is not None
    assert routes.prompt("a_half", ["a"]) is None
