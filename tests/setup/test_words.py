"""What the words of a name say: what is doubtful is not read."""

from __future__ import annotations

import pytest

from mcp_gate.setup.words import Effect, effect_of, split


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("get_order", Effect.READ), ("listServices", Effect.READ), ("issue_write", Effect.WRITE),
        ("get_commit", Effect.READ), ("get_and_delete", Effect.DELETE), ("delete.read", Effect.DELETE),
        ("refund_order", Effect.SEND), ("runQuery", Effect.EXEC), ("frobnicate", Effect.UNKNOWN),
        ("order_push_now", Effect.WRITE), ("", Effect.UNKNOWN), ("search_and_replace", Effect.WRITE),
        ("searchAndReplace", Effect.WRITE), ("find-replace", Effect.WRITE), ("get_or_create", Effect.WRITE),
        ("getURLAndDelete", Effect.DELETE), ("read_write_file", Effect.WRITE), ("readwrite", Effect.UNKNOWN),
        ("export_and_send", Effect.SEND), ("download_to", Effect.WRITE), ("read_and_zap", Effect.UNKNOWN),
        ("order_delete_list", Effect.DELETE), ("status_set", Effect.WRITE), ("log_event", Effect.UNKNOWN),
        ("git_log", Effect.READ), ("list_issues_and_zap", Effect.UNKNOWN),
        ("get_d\N{CYRILLIC SMALL LETTER IE}lete", Effect.UNKNOWN),
        ("check_out", Effect.WRITE), ("check_status", Effect.READ),
        ("recall_mail", Effect.SEND), ("open_url", Effect.WRITE), ("approve_view", Effect.WRITE),
    ],
)  # fmt: skip
def test_the_name_says_what_a_tool_does(name: str, effect: Effect) -> None:
    assert effect_of(name) is effect


@pytest.mark.parametrize("name", ["get_api_key", "getApiKey", "get-api-key", "GetAPIKey", "get.api key"])
def test_words_are_told_apart_in_every_way_of_writing(name: str) -> None:
    assert split(name) == ["get", "api", "key"]
