"""What is private is taken out, whatever way it is written or split."""

from __future__ import annotations

import json
import time

import pytest

from mcp_gate.gate.leaving.exits import Changed, Passed, Withheld
from mcp_gate.model.foreign import JsonObject
from support.credentials import github_token, private_key
from support.leaving import CARD, IBAN, MAIL, PHONE, SAID, SSN, leaked, out, text

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "payload",
    [
        {"content": [text("Her SSN is 536-22-"), text("1234, she says")]},
        {"content": [text("SSN 536-"), text("22-"), text("1234")]},
        {"content": [text("Her SSN is 536-22-")], "structuredContent": {"rest": "1234"}},
        {"content": [], "structuredContent": {"ssn parts": ["SSN 536-22-", "1234"]}},
    ],
)
async def test_S196_a_value_that_is_split_is_found_in_all_its_parts(payload: JsonObject) -> None:
    seen = await out(payload)
    assert isinstance(seen, Changed)
    told = json.dumps(seen.payload)
    assert "536" not in told
    assert "1234" not in told


async def test_a_value_that_ends_a_block_does_not_take_words_of_the_next_with_it() -> None:
    for value, rest in ((github_token(), "token is fresh"), (MAIL, "and that is all")):
        told = f"it is {value}"
        seen = await out({"content": [text(told), text(rest)], "structuredContent": {"result": told}})
        assert isinstance(seen, Changed)
        assert [block["text"] for block in seen.payload["content"]][1] == rest
        assert seen.payload["structuredContent"]["result"].startswith("it is [REDACTED:")
        assert seen.review["original_fields_redacted"] == 1


async def test_a_key_block_that_goes_on_in_the_next_text_is_taken_out_of_both() -> None:
    key = private_key()
    seen = await out({"content": [text(key[:200]), text(key[200:])]})
    assert isinstance(seen, Changed)
    assert all(line not in json.dumps(seen.payload) for line in key.split("\n")[1:-1])


async def test_S197_of_two_forms_that_differ_the_worse_one_counts() -> None:
    seen = await out({"content": [text(f"SSN {SSN}")], "structuredContent": {"ssn": None}})
    assert leaked(seen.payload) == []
    assert seen.review["original_fields_redacted"] == 1
    hidden = await out({"content": [text("nothing to see")], "structuredContent": {"ssn": SSN}})
    assert leaked(hidden.payload) == []


async def test_what_only_the_data_shows_to_be_private_is_taken_out_of_the_text_too() -> None:
    payload = {"content": [text("Her number is 536221234.")], "structuredContent": {"ssn": 536221234}}
    seen = await out(payload)
    assert "536221234" not in json.dumps(seen.payload)
    assert seen.review["original_fields_redacted"] == 1


async def test_a_text_that_repeats_the_data_repeats_what_is_left_of_it() -> None:
    data = {"rows": [{"mail": MAIL, "n": 1}]}
    seen = await out({"content": [text(json.dumps(data, indent=2))], "structuredContent": data})
    assert json.loads(seen.payload["content"][0]["text"]) == seen.payload["structuredContent"]
    assert seen.review["original_fields_redacted"] == 1


@pytest.mark.parametrize(
    ("rule", "status"),
    [("", "quarantined"), ("pass", "passed"), ("drop", "redacted"), ("quarantine", "quarantined")],
)
async def test_S198_what_cannot_be_scanned_is_withheld_unless_a_rule_says_otherwise(rule: str, status: str) -> None:
    blocks = [
        {"type": "image", "data": "QQ==", "mimeType": "image/png"},
        {"type": "audio", "data": "QQ==", "mimeType": "audio/wav"},
        {"type": "resource", "resource": {"uri": "u://1", "blob": "QQ==", "mimeType": "application/pdf"}},
    ]
    for block in blocks:
        rules = f"{{ rules: [ {{ id: u, unscannable: {rule} }} ] }}" if rule else ""
        seen = await out({"content": [text("a"), block]}, rules)
        match status:
            case "quarantined":
                assert isinstance(seen, Withheld)
                assert seen.review["output_safety_decision"] == "QUARANTINE"
                assert seen.review["redaction_details"][0]["field"].startswith("content[1].")
            case "passed":
                assert isinstance(seen, Passed)
            case _:
                assert isinstance(seen, Changed)
                assert "QQ==" not in json.dumps(seen.payload)
                assert "REMOVED" in json.dumps(seen.payload["content"][1])


async def test_S200_neighbours_and_characters_beyond_the_first_plane_leave_nothing_behind() -> None:
    said = f"\U0001f469\U0001f3fd e\u0301 {MAIL},{SSN};{SSN}\U0001f600{CARD}"
    seen = await out({"content": [text(said)]})
    left = seen.payload["content"][0]["text"]
    assert left.startswith("\U0001f469\U0001f3fd e\u0301 [REDACTED:EMAIL_ADDRESS#1]")
    assert not any(char.isdigit() for char in left.replace("#1", "").replace("\U0001f600", ""))


@pytest.mark.parametrize("short", ["ok", "", "7"])
async def test_a_short_text_among_others_leaves_as_it_came(short: str) -> None:
    payload = {"content": [text("All orders were shipped."), text(short)]}
    assert await out(payload) == Passed(payload)


@pytest.mark.parametrize("pieces", [("SSN 5", "36-22-1234"), ("SSN 536-", "22", "-1234")])
async def test_S196_a_value_in_pieces_of_which_some_are_tiny_is_taken_out(pieces: tuple[str, ...]) -> None:
    for payload in ({"content": [text(one) for one in pieces]}, {"structuredContent": {"said": list(pieces)}}):
        seen = await out(payload)
        assert isinstance(seen, Changed)
        assert not any(piece.removeprefix("SSN ") in json.dumps(seen.payload) for piece in pieces[1:] if len(piece) > 2)


async def test_S191_what_is_called_like_a_handle_of_the_protocol_is_looked_at_where_none_stands() -> None:
    payload = {
        "content": [text("fine") | {"taskId": SAID}], "taskId": SAID,
        "_meta": {"taskId": MAIL, "progressToken": {"a": SAID}},
    }  # fmt: skip
    seen = await out(payload)
    assert isinstance(seen, Changed)
    assert leaked(seen.payload) == []


async def test_S190_a_number_written_as_a_fraction_is_taken_out() -> None:
    seen = await out({"structuredContent": {"ssn": 536221234.0, "card": 4539148803436467.0}})
    assert isinstance(seen, Changed)
    assert "536221234" not in json.dumps(seen.payload)
    assert "4539148803436467" not in json.dumps(seen.payload)


async def test_S198_data_of_a_kind_that_nobody_knows_yet_is_withheld() -> None:
    seen = await out({"content": [{"type": "video", "data": "aGVsbG8gd29ybGQ=", "mimeType": "video/mp4"}]})
    assert isinstance(seen, Withheld)


SPLIT = "4539 1488", " 0343 6467"
AFTER_KEY = {SPLIT[0]: SPLIT[1]}


@pytest.mark.parametrize(
    "payload",
    [
        {"content": [text("row 7"), text(SPLIT[0]), text(SPLIT[1])]},
        {"content": [text("a "), text(SPLIT[0]), text(SPLIT[1]), text("77 rows")]},
        {"content": [text("hello"), text("SSN 536-"), text("22-"), text("1234"), text("5 more")]},
        {"content": [text("key"), text("AKIAQ3EGRI"), text("KW7XZPLMNO")]},
        {"structuredContent": {"x": ["id 7", *SPLIT]}},
        {"structuredContent": {"x": ["a", "b", "c", "d", "SSN 536-22-", "1234"]}},
        {"structuredContent": {"x": AFTER_KEY}},
        {"structuredContent": {"ssn": ["536", "22", "1234"]}},
        {"structuredContent": {"x": list(CARD.replace(" ", ""))}},
        {"content": [text(json.dumps(["so", "card", "is", "4539", " 1488", " 0343", " 6467", "it", "is"]))]},
        {"content": [text(json.dumps({"a": 1, "x": {"536-22": "-1234"}}))]},
    ],
)
async def test_S196_a_value_in_pieces_is_found_whatever_stands_before_or_behind_it(payload: JsonObject) -> None:
    seen = await out(payload)
    assert isinstance(seen, Changed)
    left = json.dumps(seen.payload)
    assert not any(piece in left for piece in ("4539", "0343", "536", "1234", "AKIAQ3", "7XZPLM"))


@pytest.mark.parametrize(
    "payload",
    [
        {"content": [text("row 7"), text("of 12"), text("2026"), text("11"), text("28")]},
        {"structuredContent": {"ids": [f"{n:08}" for n in range(10_000_000, 10_000_400, 7)]}},
        {"structuredContent": {"2026-11": "28", "a-b": "c-d", "10:30 ": "late", "x": ["a-", "b-", "c", "d", "e"]}},
    ],
)
async def test_what_goes_on_from_one_to_the_next_and_is_nobody_s_stays(payload: JsonObject) -> None:
    assert await out(payload) == Passed(payload)


@pytest.mark.parametrize(
    "disguise",
    [
        MAIL.replace("a", "\u0430").replace("o", "\u043e").replace("e", "\u0435"),
        MAIL.replace("o", "\u03bf").replace("i", "\u0131"),
        "\u0301".join(CARD),
        "\ufe0f\u20e3".join(CARD.replace(" ", "")) + "\ufe0f\u20e3",
    ],
)
async def test_values_in_look_alike_letters_and_accents_are_taken_out(disguise: str) -> None:
    for payload in ({"content": [text(f"it is {disguise}, she said")]}, {"structuredContent": {"x": disguise}}):
        seen = await out(payload)
        assert isinstance(seen, Changed)
        assert disguise[:12] not in json.dumps(seen.payload, ensure_ascii=False)


async def test_what_is_called_like_a_handle_hides_no_address_and_no_card() -> None:
    number = CARD.replace(" ", "")
    meta = {"progressToken": number, "io.modelcontextprotocol/related-task": {"taskId": MAIL}}
    seen = await out({"content": [], "_meta": meta})
    assert isinstance(seen, Changed)
    assert not any(value in json.dumps(seen.payload) for value in (number, MAIL))
    asked = {"progressToken": number, "progress": 1}
    assert await out(asked, method="notifications/progress", call=None) == Passed(asked)


@pytest.mark.parametrize("id", [SSN, CARD.replace(" ", ""), github_token(), int(CARD.replace(" ", ""))])
@pytest.mark.parametrize("where", ["", "task", "_meta"])
async def test_S191_a_task_called_by_something_private_is_withheld_for_its_client_has_to_say_it_back(
    id: str | int, where: str
) -> None:
    related = {"io.modelcontextprotocol/related-task": {"taskId": id}}
    payload = {"": {"taskId": id, "status": "working"}, "task": {"task": {"taskId": id}}, "_meta": {"_meta": related}}
    seen = await out(payload[where] | {"content": [text("fine")]})
    assert isinstance(seen, Withheld)
    assert [one["action"] for one in seen.review["redaction_details"]] == ["withheld"]
    assert str(id) not in json.dumps(seen.review)


@pytest.mark.parametrize("id", ["786512e2-9e0d-44bd-8f29-789f320fe840", "task-17", 1790000000000, "<US_SSN:t1.aaaa>"])
async def test_a_task_called_by_what_servers_call_tasks_keeps_its_id_beside_what_is_taken_out(id: str | int) -> None:
    payload = {"taskId": id, "status": "working", "statusMessage": f"for {MAIL}"}
    seen = await out(payload)
    assert isinstance(seen, Changed)
    assert seen.payload["taskId"] == id
    seen = await out({"taskId": id, "content": [text(f"password: {id}")]})
    assert isinstance(seen, Passed | Changed)
    assert seen.payload["taskId"] == id


async def test_many_findings_over_many_texts_are_put_together_in_time() -> None:
    blocks = [text(f"{n} ada{n}@analytical.org") for n in range(4_000)]
    began = time.process_time()
    seen = await out({"content": blocks})
    assert time.process_time() - began < 5
    assert "analytical.org" not in json.dumps(seen.payload)


async def test_S190_a_negative_number_is_taken_out_as_well() -> None:
    seen = await out({"structuredContent": {"card": -4539148803436467, "x": [-4539148803436467.0, 7]}})
    assert isinstance(seen, Changed)
    assert "4539148803436467" not in json.dumps(seen.payload)


@pytest.mark.parametrize(
    "said",
    [f"card {CARD} 12/27 cvv 123", f"{CARD} 04/2029", f"7 {CARD} 7", f"{CARD} 12 {CARD}", "4539-1488-0343-6467-8 a"],
)
async def test_a_card_is_taken_out_whatever_number_stands_behind_it(said: str) -> None:
    seen = await out({"content": [text(said)]})
    assert isinstance(seen, Changed)
    assert "0343" not in json.dumps(seen.payload)


BESIDE = ["12/27", "2026-11-28", "2026", "7", "0043", "1234 5678", "10:30", "+1 415 555 0000", "2026 1128 44"]


@pytest.mark.parametrize("value", [CARD, "3782 822463 10005", SSN, PHONE, "+14155552671", "+49 30 901820", IBAN])
async def test_a_value_is_taken_out_whatever_number_stands_beside_it(value: str) -> None:
    for beside in BESIDE:
        for said in (f"{beside} {value}", f"{value} {beside}", f"{beside} {value} {beside}"):
            seen = await out({"content": [text(said)]})
            assert isinstance(seen, Changed), said
            assert value not in seen.payload["content"][0]["text"], said


@pytest.mark.parametrize("said", ["4096 4096 4096 4096 4096", "4100 4200 4300 4400 4500 4600", "2019 2020 2021 2022"])
async def test_a_row_of_numbers_is_no_card(said: str) -> None:
    payload = {"content": [text(said)]}
    assert await out(payload) == Passed(payload)


@pytest.mark.parametrize(
    "said",
    [
        *(f"card {gap.join(CARD.split())}" for gap in ("\n", "  ", "\t", "_", "/", "\u00b7", " - ", "\r\n")),
        "card " + ".".join(CARD.replace(" ", "")), "card 4539 1488\n0343 6467", "SSN 536-22-\n1234",
        "card,4539148803436467.0", "name,ssn\nAda,536221234.0\n", '{"ssn": 536221234.0, "x": NaN}',
    ],
)  # fmt: skip
async def test_a_number_is_taken_out_however_it_is_laid_out(said: str) -> None:
    for payload in ({"content": [text(said)]}, {"structuredContent": {"note": said}}):
        seen = await out(payload)
        assert isinstance(seen, Changed), said
        assert not any(part in json.dumps(seen.payload) for part in ("4539", "0343", "536", "1234")), said


async def test_S193_a_prompt_is_not_called_by_somebody_s_address() -> None:
    listed = {"prompts": [{"name": f"report for {MAIL}"}, {"name": "a-b.c_1"}, {"name": "a report"}]}
    seen = await out(listed, method="prompts/list", call=None)
    assert isinstance(seen, Changed)
    assert [one["name"] for one in seen.payload["prompts"]] == [
        "report for [REDACTED:EMAIL_ADDRESS#1]", "a-b.c_1", "a report",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "payload",
    [
        {"content": [text("password: hunter2Xy!9\nthen run `login dana hunter2Xy!9`, not hunter2Xy!9z")]},
        {"content": [text("SSN 536-22-1234 (file 536221234)"), text("see 536221234 and 536-22-1234")]},
        {"structuredContent": {"ssn": 536221234, "id": 536221234, "note": "of 536221234"}},
        {"content": [text(json.dumps({"login": {"password": "hunter2Xy!9"}, "log": "tried hunter2Xy!9 twice"}))]},
    ],
)
async def test_a_value_that_was_found_is_taken_out_wherever_it_stands(payload: JsonObject) -> None:
    seen = await out(payload)
    assert isinstance(seen, Changed)
    left = json.dumps(seen.payload).replace("hunter2Xy!9z", "")
    assert not any(value in left for value in ("hunter2Xy!9", "536221234", "536-22-1234", "#2"))


async def test_S190_a_text_that_is_written_byte_by_byte_is_looked_at() -> None:
    for payload in (
        {"structuredContent": {"type": "Buffer", "data": list(f"Grüße, {SAID}".encode())}},
        {"content": [text(json.dumps({"type": "Buffer", "data": list(SAID.encode())}))]},
    ):
        seen = await out(payload)
        assert isinstance(seen, Changed)
        assert "[REDACTED:EMAIL_ADDRESS#1]" in json.dumps(seen.payload)
        assert "97, 100, 97" not in json.dumps(seen.payload)
    plain = {"structuredContent": {"ages": [32, 45, 61, 27, 38, 41, 55, 60, 33], "x": [200] * 9, "y": [1.5] * 9}}
    assert await out(plain) == Passed(plain)


async def test_a_number_that_the_protocol_has_a_place_for_stays_one() -> None:
    number = int(CARD.replace(" ", ""))
    link = {"type": "resource_link", "uri": "a://b", "name": "b", "size": number, "_meta": {"size": number}}
    seen = await out({"content": [link, text(json.dumps({"size": number}))]})
    assert isinstance(seen, Changed)
    left, data = seen.payload["content"]
    assert left["size"] == 0
    assert left["_meta"] == json.loads(data["text"]) == {"size": "[REDACTED:CREDIT_CARD#1]"}
    assert "replaced with 0" in [one["action"] for one in seen.review["redaction_details"]]
