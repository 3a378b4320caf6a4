"""Members that stay closed: written as they are, opened where they are read."""

from __future__ import annotations

import json

import pytest

from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import Packed, is_packed


def test_what_is_packed_is_written_as_it_is_in_its_place() -> None:
    value = {"a": Packed([b"[1,", b"2]"]), "b": {"c": Packed([b'"x"'])}, "d": 3}
    assert strictjson.dumps(value) == b'{"a":[1,2],"b":{"c":"x"},"d":3}'
    assert strictjson.pieces(value)[1:3] == [b"[1,", b"2]"]


@pytest.mark.parametrize("odd", [10**40, "\ud800"])
def test_what_is_odd_beside_it_is_written_all_the_same(odd: int | str) -> None:
    written = strictjson.dumps({"odd": odd, "a": Packed([b'"\xc3\xa9"'])})
    assert json.loads(written) == {"odd": odd, "a": "é"}


def test_what_is_no_json_is_not_written() -> None:
    with pytest.raises(TypeError):
        strictjson.dumps({"a": {1, 2}, "b": Packed([b"1"])})
    with pytest.raises(strictjson.JsonError):
        strictjson.dumps({"a": float("nan"), "b": Packed([b"1"])})


def test_it_is_opened_strictly_where_it_is_read() -> None:
    whole = {"a": 1}
    assert strictjson.unpacked(whole) is whole
    assert strictjson.unpacked({"a": Packed([b"[", b"1]"])}) == {"a": [1]}
    with pytest.raises(strictjson.JsonError):
        strictjson.unpacked({"a": Packed([b'{"b":1,"b":2}'])})


def test_a_list_gets_one_more_item_without_being_opened() -> None:
    assert strictjson.dumps({"a": strictjson.with_last(Packed([b"[1", b"]"]), {"b": 2})}) == b'{"a":[1,{"b":2}]}'
    text = Packed([b'"[]"'])
    assert strictjson.with_last(text, 1) is text


def test_whether_a_member_is_packed_is_told() -> None:
    assert is_packed({"a": 1, "b": Packed([b"1"])})
    assert not is_packed({"a": {"b": Packed([b"1"])}})
    assert len(Packed([b"ab", b"c"])) == 3


@pytest.mark.parametrize(
    "odd", [b'{"a": 1}', b'{"a":1,"a":2}', b'{"a":1.0e1}', b'{"a":NaN}', b"{", b'{"a":"\\ud800"}', b"[[[[1]]]]"]
)
def test_only_what_is_written_in_the_usual_way_is_read_the_short_way(odd: bytes) -> None:
    assert strictjson.parse_compact(odd, depth=3) is None
    assert strictjson.parse_compact(b'{"a":[1,{"b":"\xc3\xa9"}]}', depth=3) == {"a": [1, {"b": "é"}]}
