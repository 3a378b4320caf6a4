"""Fields are taken out of the structured form and of the text that repeats it."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.output.hiding import Hidden
from mcp_gate.output.remove import remove
from mcp_gate.policy.read_output import OutputRule, parse_path


def rule(*paths: str) -> OutputRule:
    return OutputRule("internal", paths=tuple(parse_path(path) for path in paths), reason="Internal-only data")


def result(value: object) -> dict[str, object]:
    return {"content": [{"type": "text", "text": json.dumps(value)}], "structuredContent": value}


def test_a_field_is_removed_at_any_depth_and_counted_once() -> None:
    out, removed = remove(
        result({"a": {"internal_notes": "x", "b": [{"internal_notes": "y", "c": 1}]}}), [rule("**.internal_notes")]
    )
    assert out["structuredContent"] == {"a": {"b": [{"c": 1}]}}
    assert json.loads(out["content"][0]["text"]) == {"a": {"b": [{"c": 1}]}}
    assert {r.detail({}).field for r in removed} == {"response.a.internal_notes", "response.a.b[0].internal_notes"}
    assert removed[0].detail({}).as_json()["action"] == "field removed"


def test_a_result_without_structured_form_is_cleaned_in_its_text() -> None:
    out, removed = remove({"content": [{"type": "text", "text": '{"ssn": 1, "x": 2}'}]}, [rule("ssn")])
    assert out["content"] == [{"type": "text", "text": '{"x":2}'}]
    assert len(removed) == 1


def test_items_and_single_keys_are_addressed() -> None:
    out, _ = remove(result({"rows": [{"a": {"k": 1}, "b": 2}]}), [rule("rows[*].*.k")])
    assert out["structuredContent"] == {"rows": [{"a": {}, "b": 2}]}


def test_what_names_nothing_changes_nothing() -> None:
    given_ = result({"a": 1})
    out, removed = remove(given_, [rule("b", "a.b", "a[*]")])
    assert out is given_
    assert removed == []


def test_a_text_that_tells_a_removed_field_in_words_tells_it_no_longer() -> None:
    said = "Notes: vip churn risk. Salary 250000, name Ada Lovelace. {'internal': 'vip churn risk'}"
    data = {"internal": {"notes": "vip churn risk", "salary": 250000, "of": "Ada Lovelace"}, "name": "Ada Lovelace"}
    out, removed = remove({"content": [{"type": "text", "text": said}], "structuredContent": data}, [rule("internal")])
    told = "Notes: [REMOVED]. Salary [REMOVED], name Ada Lovelace. {'internal': '[REMOVED]'}"
    assert out["content"] == [{"type": "text", "text": told}]
    assert len(removed) == 1


@pytest.mark.parametrize(
    "payload",
    [
        {"code": -1, "message": 'the server said {"internal_notes": "secret"}'},
        {"code": -1, "message": '{"a": {"internal_notes": "secret"}}', "data": {}},
        {"progressToken": 1, "progress": 0.5, "message": '{"internal_notes": "secret"}'},
        {"content": [], "internal_notes": "secret"},
        {"content": [], "debug": {"internal_notes": "secret"}, "x-kept": 1},
        {"content": [{"type": "text", "text": "x", "annotations": {"internal_notes": "secret"}}]},
    ],
)
def test_a_field_is_removed_wherever_else_a_server_may_tell_it(payload: dict[str, object]) -> None:
    out, removed = remove(payload, [rule("**.internal_notes")])
    assert "secret" not in json.dumps(out)
    assert len(removed) == 1
    assert out.keys() - {"debug"} == payload.keys() - {"debug", "internal_notes"}


def test_what_the_protocol_says_of_a_result_is_no_field_of_the_tool() -> None:
    given_ = {"content": [{"type": "text", "text": "x"}], "isError": True, "resultType": "complete", "_meta": {}}
    out, removed = remove(given_, [rule("**.type", "**.isError", "**.resultType", "**.content")])
    assert (out, removed) == (given_, [])


@pytest.mark.parametrize("around", ["\ufeff{}", "\u00a0{}\u00a0", "\v{}"])
def test_what_stands_around_json_does_not_save_a_field(around: str) -> None:
    written = around.replace("{}", '{"internal_notes": "vip"}')
    out, removed = remove({"content": [{"type": "text", "text": written}]}, [rule("**.internal_notes")])
    assert out["content"][0]["text"] == "{}"
    assert len(removed) == 1


def told(text: str, *paths: str) -> str:
    """What is left of a text."""
    out, _ = remove({"content": [{"type": "text", "text": text}]}, [rule(*paths)])
    left: str = out["content"][0]["text"]
    return left


@pytest.mark.parametrize(
    ("odd", "left"),
    [
        ('{"internal_notes": "vip", "x": NaN}', '{"x":NaN}'),
        ('{"internal_notes": "vip", "x": 1e999}', '{"x":1e999}'),
        ('{"internal_notes": "vip", "internal_notes": "very", "x": 1}', '{"x":1}'),
        ('{"a": {"internal_notes": "vip"}, "a": {}}', '{"a":{},"a":{}}'),
        ('{"a": {}, "a": {"internal_notes": "vip"}}', '{"a":{},"a":{}}'),
        ('{"a": {"internal_notes": 0, "n": 123456789012345678}, "a": 1.50}', '{"a":{"n":123456789012345678},"a":1.50}'),
        ('{"internal\\u005fnotes": "vip", "x": 1, "x": 2}', '{"x":1,"x":2}'),
        ('{"internal_notes": "vip"}\n{"internal_notes": "very", "x": 1}\n', '{}\n{"x":1}\n'),
        ('Here it is:\n```json\n{"internal_notes": "vip", "x": 1}\n```', 'Here it is:\n```json\n{"x":1}\n```'),
        ('[INFO] row {"internal_notes": "vip"} done', '[INFO] row {} done'),
        ('{"payload": "{\\"internal_notes\\": \\"vip\\", \\"x\\": 1}"}', '{"payload":"{\\"x\\":1}"}'),
        ('{"a": {"internal_notes": "vip"}, }', '{"a": {}, }'),
        ('[INFO] {broken} {"internal_notes": 1}\n' * 400, "[INFO] {broken} {}\n" * 400),
    ],
)  # fmt: skip
def test_a_field_in_json_as_lenient_readers_take_it_is_taken_out(odd: str, left: str) -> None:
    assert told(odd, "**.internal_notes") == left


@pytest.mark.parametrize(
    "odd",
    [
        '{"internal_notes": "vip", "x": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"internal_notes": "vip",}',
        "{'internal_notes': 'vip'}",
        "{internal_notes: 'vip'}",
        '{"x": 1, /* so */ internal_notes /* it is */ : "vip"}',
        '{"internal\\u005fnotes": "vip",}',
        '{"internal_notes": "vip", "x": ',
        '{"x": "{\'internal_notes\': 1}"}',
        "answer: {'internal_notes': 'vip'}",
    ],
)
def test_a_field_in_what_only_some_read_as_json_does_not_leave(odd: str) -> None:
    with pytest.raises(Hidden):
        told(odd, "**.internal_notes")


def test_a_path_that_what_cannot_be_read_may_lead_to_is_no_way_out() -> None:
    for odd in ('{"a": {"ssn": 1}, }', '{"x": "}", "a": {"ssn": 1}, }'):
        with pytest.raises(Hidden):
            told(odd, "a.ssn")


@pytest.mark.parametrize(
    ("odd", "paths"),
    [
        ('{"x": 1, "x": 2}', ["**.internal_notes"]),
        ('{"b": {"ssn": 1}, "b": 2}', ["a.ssn"]),
        ('[INFO] row {"b": {"ssn": 1}}', ["a.ssn"]),
        ("internal_notes are never told", ["**.internal_notes"]),
        ("internal_notes: yaml is a text", ["**.internal_notes"]),
        ("[" * 5000, ["**.internal_notes"]),
        ("{'x': 1, }", ["internal_notes", "a[*].b"]),
        ("{ x", ["*"]),
        ("some {words} in brackets", ["*", "a.*"]),
    ],
)
def test_what_is_no_json_and_hides_nothing_stays_as_it_is(odd: str, paths: list[str]) -> None:
    assert told(odd, *paths) == odd


def test_a_text_with_a_hundred_thousand_brackets_is_looked_at_in_time() -> None:
    for text in (
        "{" * 100_000, "[" * 100_000, '{"internal_notes' * 20_000, "/*" * 100_000 + "internal_notes",
        "[a b c" * 50_000 + "internal_notes",
    ):  # fmt: skip
        began = time.process_time()
        told(text, "**.internal_notes", "*")
        assert time.process_time() - began < 2


def test_json_that_a_server_put_in_a_text_of_its_data_is_cleaned_as_the_text_is() -> None:
    written = json.dumps({"internal_notes": "vip", "ssn": 1, "x": 1})
    wrapped = {"content": [{"type": "text", "text": written}], "structuredContent": {"result": written}}
    out, removed = remove(wrapped, [rule("**.internal_notes"), rule("ssn")])
    assert out == {"content": [{"type": "text", "text": '{"x":1}'}], "structuredContent": {"result": '{"x":1}'}}
    assert [one.detail({}).field for one in removed] == ["response.result.internal_notes", "response.result.ssn"]


def test_what_an_error_holds_and_what_is_said_beside_is_cleaned_too() -> None:
    error = {"code": -32050, "message": "no", "data": {"internal_notes": "vip", "x": 1}}
    out, removed = remove(error, [rule("internal_notes")])
    assert out == {**error, "data": {"x": 1}}
    assert [one.detail({}).field for one in removed] == ["data.internal_notes"]
    logged = {"level": "info", "data": '{"internal_notes": "vip"}'}
    assert remove(logged, [rule("internal_notes")])[0] == {"level": "info", "data": "{}"}
    odd = {"structuredContent": '{"internal_notes": "vip"}'}
    assert remove(odd, [rule("internal_notes")])[0] == {"structuredContent": "{}"}
    block = {"type": "text", "text": "a", "_meta": {"internal_notes": 1}}
    beside = {"content": [block], "_meta": {"a": {"internal_notes": 1}}}
    out, removed = remove(beside, [rule("**.internal_notes")])
    assert out == {"content": [{"type": "text", "text": "a", "_meta": {}}], "_meta": {"a": {}}}
    assert len(removed) == 2


@pytest.mark.parametrize(
    ("path", "left"),
    [("a.**", {"b": 1}), ("**", {}), ("a.*", {"a": {}, "b": 1}), ("a.c.**", {"a": {"d": [2]}, "b": 1})],
)
def test_two_stars_at_the_end_take_out_everything_from_there(path: str, left: object) -> None:
    out, _ = remove({"structuredContent": {"a": {"c": 1, "d": [2]}, "b": 1}}, [rule(path)])
    assert out == {"structuredContent": left}


def test_odd_json_without_the_field_stays_as_it_is() -> None:
    payload = {"content": [{"type": "text", "text": '{"x": NaN}'}, {"type": "text", "text": "[INFO] started {"}]}
    out, removed = remove(payload, [rule("**.internal_notes")])
    assert out is payload
    assert removed == []


@pytest.mark.parametrize("bad", ["", "a..b", "a[0]", "a[*"])
def test_a_path_that_is_none_is_an_error(bad: str) -> None:
    with pytest.raises(ValueError, match="is not a path"):
        parse_path(bad)


KEYS = st.sampled_from(["a", "secret", "b"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_nothing_named_so_is_left_anywhere(value: object) -> None:
    out, _ = remove(result({"x": value}), [rule("**.secret")])
    assert '"secret"' not in json.dumps(out["structuredContent"])
    assert json.loads(out["content"][0]["text"]) == out["structuredContent"]
