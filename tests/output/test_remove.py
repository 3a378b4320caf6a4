"""Fields are taken out of the structured form and of the text that repeats it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize("around", ["\ufeff{}", "\u00a0{}\u00a0", "\v{}"])
def test_what_stands_around_json_does_not_save_a_field(around: str) -> None:
    written = around.replace("{}", '{"internal_notes": "vip"}')
    out, removed = remove({"content": [{"type": "text", "text": written}]}, [rule("**.internal_notes")])
    assert out["content"][0]["text"] == "{}"
    assert len(removed) == 1


@pytest.mark.parametrize(
    "odd",
    [
        '{"internal_notes": "vip", "x": NaN}',
        '{"internal_notes": "vip", "x": 1e999}',
        '{"a": {"internal_notes": "vip"}, "a": {}}',
        '{"internal_notes": "vip", "x": ' + "[" * 5000 + "]" * 5000 + "}",
    ],
)
def test_a_field_in_json_that_cannot_be_written_again_does_not_leave(odd: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        remove({"content": [{"type": "text", "text": odd}]}, [rule("**.internal_notes")])


def test_odd_json_without_the_field_stays_as_it_is() -> None:
    payload = {"content": [{"type": "text", "text": '{"x": NaN}'}, {"type": "text", "text": "[INFO] started {"}]}
    out, removed = remove(payload, [rule("**.internal_notes")])
    assert out is payload
    assert removed == []


@pytest.mark.parametrize("bad", ["", "a..b", "a[0]", "a[*"])
def test_a_path_that_is_none_is_an_error(bad: str) -> None:
    with pytest.raises(ValueError, match="is no path"):
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
