"""One line is one of a closed set of messages, or malformed with a reason."""

import pytest

from mcp_gate.wire.errors import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR
from mcp_gate.wire.message import Answer, Failure, Malformed, Notification, Request, Why, read


def client(line: bytes) -> object:
    return read(line, upstream=False, depth=64)


def test_a_request_has_an_id_and_a_notification_has_none() -> None:
    assert client(b'{"jsonrpc":"2.0","id":1,"method":"m","params":{}}') == Request(1, "m", {})
    assert client(b'{"jsonrpc":"2.0","id":"1","method":"m"}') == Request("1", "m", None)
    assert client(b'{"jsonrpc":"2.0","method":"m"}') == Notification("m", None)


def test_answers_and_failures_are_told_apart() -> None:
    assert client(b'{"jsonrpc":"2.0","id":1,"result":{"x":1}}') == Answer(1, {"x": 1})
    failure = client(b'{"jsonrpc":"2.0","id":1,"error":{"code":5,"message":"m","data":null,"more":1}}')
    assert isinstance(failure, Failure)
    assert failure.error.as_json() == {"code": 5, "message": "m", "data": None, "more": 1}


@pytest.mark.parametrize("id_", [b"null", b"1.5", b"true", b"[]", b"{}"])
def test_an_id_that_is_no_string_and_no_integer_is_refused(id_: bytes) -> None:
    what = client(b'{"jsonrpc":"2.0","id":' + id_ + b',"method":"tools/call","params":{}}')
    assert isinstance(what, Malformed)
    assert (what.why, what.error.code) == (Why.ID, INVALID_REQUEST)


def test_S016_a_batch_is_refused_whole() -> None:
    what = client(b'[{"jsonrpc":"2.0","id":1,"method":"m"},{"jsonrpc":"2.0","id":2,"method":"m"}]')
    assert isinstance(what, Malformed)
    assert what.why is Why.BATCH


@pytest.mark.parametrize(
    "line",
    [
        b"garbage",
        b'{"jsonrpc":"2.0","id":1,"method":"m","method":"n"}',
        b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":{"amount":5,"amount":5000}}}',
        b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":NaN}}',
        b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":-Infinity}}',
        b'{"jsonrpc":"2.0","method":"m","params":{"a":1e400}}',
        b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1e400,"b":NaN}}',
        b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"\xff\xfe"}}',
        b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"\\ud800"}}',
        b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"m"}',
        b'{"jsonrpc":"2.0","id":1,"method":"m"} {"jsonrpc":"2.0","id":2,"method":"m"}',
        b'{"jsonrpc":"2.0","id":1,"method":"m","params":' + b'{"a":' * 200 + b"1" + b"}" * 201,
    ],
    ids=[
        "garbage",
        "S003",
        "S001",
        "S004-nan",
        "S004-inf",
        "notified",
        "with-nan",
        "S013",
        "S014",
        "S022-bom",
        "S022-two",
        "S009",
    ],
)
def test_what_is_not_strict_json_is_a_parse_error_without_payload(line: bytes) -> None:
    what = client(line)
    assert isinstance(what, Malformed)
    assert (what.why, what.error.code, what.id) == (Why.PARSE, PARSE_ERROR, None)
    assert "amount" not in what.error.message
    assert what.size == len(line)


@pytest.mark.parametrize("number", [b"1e400", b"-1E+999", b"9" * 400 + b".0"])
def test_a_request_whose_one_fault_is_a_number_beyond_a_double_is_answered_with_its_id(number: bytes) -> None:
    what = client(b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"a":' + number + b"}}")
    assert isinstance(what, Malformed)
    assert (what.why, what.error.code, what.id) == (Why.NUMBER, INVALID_PARAMS, 7)
    assert what.error.message == "Invalid params: a number is too large"


def test_an_upstream_may_write_lone_surrogates() -> None:
    answer = read(b'{"jsonrpc":"2.0","id":1,"result":{"t":"\\ud800"}}', upstream=True, depth=64)
    assert answer == Answer(1, {"t": "\ud800"})


def test_an_unreadable_answer_is_known_to_be_one() -> None:
    what = client(b'{"jsonrpc":"2.0","id":7,"result":"text"}')
    assert isinstance(what, Malformed)
    assert (what.id, what.answers) == (7, True)


def test_an_answer_behind_a_byte_order_mark_fails_its_call_and_is_not_waited_for() -> None:
    what = read(b'\xef\xbb\xbf{"jsonrpc":"2.0","id":7,"result":{}}', upstream=True, depth=64)
    assert isinstance(what, Malformed)
    assert (what.id, what.answers) == (7, True)


def test_params_that_are_no_object_are_refused_with_the_id() -> None:
    what = client(b'{"jsonrpc":"2.0","id":7,"method":"m","params":[1]}')
    assert isinstance(what, Malformed)
    assert (what.id, what.why) == (7, Why.SHAPE)
