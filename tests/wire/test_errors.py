"""JSON-RPC errors keep what they were made of."""

from mcp_gate.wire.errors import INTERNAL_ERROR, RpcError


def test_absent_data_stays_absent_and_null_stays_null() -> None:
    assert "data" not in RpcError(1, "m").as_json()
    assert RpcError(1, "m", None).as_json()["data"] is None


def test_an_error_without_code_or_message_is_still_an_error() -> None:
    assert RpcError.of({"code": "5"}).as_json() == {"code": INTERNAL_ERROR, "message": ""}
