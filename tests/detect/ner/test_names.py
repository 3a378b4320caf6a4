"""Names and addresses in prose, by the model itself where it is installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from itertools import count

import pytest

from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.detect.ner import weights
from mcp_gate.detect.ner.find import find
from mcp_gate.detect.ner.model import Model, Word
from mcp_gate.detect.ner.weights import NoModel

there = pytest.mark.skipif(
    find_spec("onnxruntime") is None or not weights.installed(), reason="the extra ner is not installed"
)


def found(text: str, *covered: Finding) -> list[tuple[str, str]]:
    (own,), partial = find([Leaf(text)], [covered], 1000)
    assert not partial
    return [(one.entity, text[one.start : one.end]) for one in own]


@there
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Please call Jonathan Ferguson about it.", [("PERSON", "Jonathan Ferguson")]),
        ("the case of Anna Schmidt-O'Brien, closed", [("PERSON", "Anna Schmidt-O'Brien")]),
        ("We saw Karítas Gylfadóttir (twice) there", [("PERSON", "Karítas Gylfadóttir")]),
        ("Ship it to 2063 Ayala Avenue, Dayton, CA 93721 today", [("ADDRESS", "2063 Ayala Avenue, Dayton, CA 93721")]),
        (
            "Beste Maaike,\nSluisweg 197, 9413 GD Delft.\n",
            [("PERSON", "Maaike"), ("ADDRESS", "Sluisweg 197, 9413 GD Delft")],
        ),
        ("Sie wohnt Lindenweg 179, 50667 Köln.", [("ADDRESS", "Lindenweg 179, 50667 Köln")]),
        ('{"notes": "Patient Berto Jove called"}', [("PERSON", "Berto Jove")]),
        ("Please call Jonathan Ferguson about it \ud83d", [("PERSON", "Jonathan Ferguson")]),
    ],
)
def test_people_and_addresses_are_found_as_a_whole(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@there
@pytest.mark.parametrize(
    "text",
    [
        "class RoseTreeNode is a BobcatServer now",
        "Please read the Error Log before the Release on Monday",
        "SELECT Name FROM Users WHERE Id = 5",
        "This is all in lower case after the first word",
        "Sweden and Cyprus were super fun to visit!",
        '{"nom": "Chaise longue", "prix": 12}',
        '{"list": {"name": "Sprint Backlog"}}',
        "pp. 723-131, vol. 98, ISSN 1606-9161",
        "Trace 0e52060493969513607d1ca7b54ad429 span c77521a29b4d1070 took 412.33 ms at 26/Feb/2025:21:03:55 +0000.",
    ],
)
def test_code_countries_and_everyday_words_are_nobodys_name(text: str) -> None:
    assert found(text) == []


@there
@pytest.mark.parametrize(
    "text",
    [
        "Tesla and Harley-Davidson sold fewer in the third quarter",
        "Dijkstra's algorithm is faster; the Kalman filter smooths",
        "Kafka consumers rebalanced; Ruby upgraded to 3.3.1; Cassandra and Django migrated",
        "Hurricane Katrina and Cyclone Idai caused the outage",
        "Booked: room Lovelace, next to Project Athena (private)",
        '{"product": "Stanley Tumbler", "color": "Ruby Red", "warehouse": "Houston"}',
        "Site: Boise\nItem: Stanley Tumbler, Ruby Red.\n",
        '{"campaign": "St. Patrick\'s Day", "utm": "Spring Launch"}',
        "We changed from Morgan Stanley to Warner Bros last year",
        '{"sku": "4214", "name": "Walker Chair", "price": 49.5}',
        '{"nom": "Chaise longue", "prix": 12}',
        "Breed,Size\nJack Russell,small\nKing Charles Spaniel,small\n",
        "panic in main.(*Walker).Visit(0x0) of the Index",
        "Playlist: Layla (remastered), Hotel California, Bohemian Rhapsody",
        "Macy's and Tesco raised their outlook; 724 Stück der Marke Miele",
        "vessel;imo;flag\nQueen Mary;9163412;Panama\nOcean Star;9511577;Malta\n",
        "h1 { font-family: 'Gill Sans', Georgia, serif; }",
        "Company: Harper Collins, Industry: Retail",
        '{"msg":"Connection Refused by Peer","attempt":3}',
        "record Sawyer(String Id, Money Balance)",
        '{"name": "Adirondack Walker", "bpm": 106, "artist": "Various"}',
        "SELECT Capacity FROM Venues WHERE Name = 'Wembley'; -- Index",
        "item,qty,unit\nDijon Mustard,2,jar\nWorcestershire Sauce,1,bottle\n",
        "Mum's new address is a secret",
        '{"message": "Authorization Code Expired", "hint": "Retry Login"}',
        "Juno demo first; written by the Kestrel team",
        "perf(cache): use a filter before hitting Cassandra",
        "2026-09-04T10:00:00Z INFO Garbage Collection: pause 9 ms, Canary at 80 requests",
        "Orion rollout slips to Thursday; Bitte im Projekt Merlin anlegen",
    ],
)
def test_things_that_bear_a_name_are_nobody(text: str) -> None:
    assert found(text) == []


@there
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The leak was seen by Emil Park, a tenant, last week", "Emil Park"),
        ("ship_to=Anselm Schreiber; carrier=DHL", "Anselm Schreiber"),
        ("Ciao Beatriz, la fattura di Ludmila O'Halloran è in allegato. A presto, Hyun-woo", "Ludmila O'Halloran"),
        ("lol Ludmila you broke prod again, tell Teodor to roll back", "Teodor"),
        ("We owe Wei Petrov and Marguerite Park a big thank you", "Marguerite Park"),
        ("docs: credit Rosalind Novak for the icons", "Rosalind Novak"),
        ('{"name": "Hugo Walker", "email": "x", "rating": 5}', "Hugo Walker"),
        ("guest,room,nights\nHamza Lindqvist,204,3\nInes Novak,118,1\n", "Hamza Lindqvist"),
        ("Please ask Travis Norton about the Jenkins job", "Travis Norton"),
    ],
)
def test_people_who_share_a_name_with_a_thing_are_found(text: str, name: str) -> None:
    assert ("PERSON", name) in found(text)


@there
@pytest.mark.parametrize(
    "text",
    ["The Stanford dataset has 8613 rows", "The room Turing on floor 3 is ours", "Aircraft: Boeing 3010, then home"],
)
def test_a_number_in_a_sentence_about_a_place_makes_no_address(text: str) -> None:
    assert found(text) == []


@there
def test_a_name_that_was_found_is_found_wherever_else_it_stands() -> None:
    text = "Meeting with Joseph Ferguson today.\n" + "Nothing of note here.\n" * 30 + "see ferguson; ask Ferguson (ext)"
    assert found(text) == [("PERSON", "Joseph Ferguson"), ("PERSON", "Ferguson")]


@there
def test_a_text_longer_than_the_network_takes_is_seen_to_its_end() -> None:
    text = "and so on, " * 600 + "said Jonathan Ferguson at last"
    assert found(text) == [("PERSON", "Jonathan Ferguson")]
    words = Model().words(text, [(0, len(text))])
    assert [text[w.start : w.end] for w in words if w.label != "O"] == ["Jonathan", "Ferguson"]


@there
def test_words_stand_where_they_stand_in_the_text_whatever_is_left_out() -> None:
    text = f"Karítas called.{' and so on' * 40} AT71 8277 7681 3111 6401{' 😀 more' * 40} of Jonathan Ferguson"
    whole = {(word.start, word.end) for word in Model().words(text, [(0, len(text))])}
    seen = [(word.start, word.end) for word in Model().words(text, [(0, 7), (text.index("Jonathan"), len(text) - 9)])]
    assert seen == sorted(whole & set(seen))
    assert {(0, 7), (len(text) - 8, len(text))} <= set(seen)
    assert len(seen) < len(whole) / 2


@there
def test_long_numbers_and_keys_hide_no_name_and_cost_no_more_than_a_word() -> None:
    key = "AAAAC3NzaC1lZDI1NTE5" * 20
    text = f"Card 4929-2837-1203-8841, key {key} of Jonathan Ferguson."
    assert found(text) == [("PERSON", "Jonathan Ferguson")]
    assert len(Model().words(text, [(0, len(text))])) < 30


# ---- with a model of our own: what is looked at, and for how long


class Counted:
    """Calls every word with a capital letter a given name, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def words(self, text: str, names: Iterable[tuple[int, int]]) -> list[Word]:
        self.asked.append(text)
        out, at = [], 0
        for part in text.split(" "):
            out.append(Word(at, at + len(part), "GIVEN_NAME" if part[:1].isupper() else "O", 0.9))
            at += len(part) + 1
        return out


def asked(text: str, *covered: Finding) -> list[str]:
    model = Counted()
    find([Leaf(text)], [covered], 1000, model=model)
    return model.asked


def test_only_prose_with_a_word_that_could_be_a_name_is_looked_at() -> None:
    assert asked("no capitals at all here") == []
    assert asked("Monday") == []
    assert asked("The Error on Monday") == []
    assert asked("a RoseTree and a BobcatServer") == []
    assert asked("SELECT x FROM y WHERE z > 3; 12 EUR, SSN and IBAN below") == []
    assert asked("Ticket 12 is in Paris, Shipping follows") == []
    assert asked("ask Dana soon") == ["ask Dana soon"]
    assert asked("ask Dana soon", Finding(4, 8, "PERSON", 0.9, "rule")) == []
    assert asked('{"a": "ask Dana soon", "Bob Key": 1, "c": "x y"}') == ['"a": "ask Dana soon"']


def ticks() -> Iterator[float]:
    yield from (n * 0.010 for n in count())


def test_when_time_runs_out_the_rest_is_not_looked_at_and_that_is_told() -> None:
    clock, model = ticks(), Counted()
    leaves = [Leaf(f"ask Dana{n} soon, or {name}") for n, name in enumerate(("Anna", "Bert", "Cleo", "Dora", "Emil"))]
    results, partial = find(leaves, [()] * 5, 25, clock=lambda: next(clock), model=model)
    assert partial
    assert len(model.asked) == 3
    assert [bool(each) for each in results] == [True, True, True, False, False]


def test_at_least_one_piece_is_looked_at() -> None:
    model = Counted()
    _, partial = find([Leaf("ask Dana soon")], [()], 0, model=model)
    assert (model.asked, partial) == (["ask Dana soon"], False)


# ---- the files


def test_a_missing_package_is_told_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "no-such-package-here")
    weights.installed.cache_clear()
    assert not weights.installed()
    weights.installed.cache_clear()
    with pytest.raises(NoModel, match=r"install mcp-gate\[ner\]"):
        weights.read("config.json")


@there
def test_a_changed_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(weights.FILES, "config.json", "0" * 64)
    with pytest.raises(NoModel, match="not the file that this release knows"):
        weights.read("config.json")
    with pytest.raises(NoModel):
        Model()


@there
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The refund for Heather Thornbury went to the wrong bank.", "Heather Thornbury"),
        ("your driver today is Jocelyn, white Skoda Octavia", "Jocelyn"),
    ],
)
def test_a_known_given_name_tells_a_person_from_a_town(text: str, name: str) -> None:
    assert ("PERSON", name) in found(text)


@there
@pytest.mark.parametrize(
    "text",
    [
        "We migrated from Thanos to Julia last quarter; Thanos keeps 4 % of the jobs.",
        "Is the Hudson plugin compatible with Ada 9.31.9? The docs of Hudson do not say.",
        "| Shift | Nurse | Ward |\n|---|---|---|\n| 07:00 | - | ICU |",
        "Sync with Marks and Spencer moved to next week",
        "Ford, Lincoln and Dodge dealers have it",
        '{"features": [{"properties": {"name": "Lincoln Park"}}]}',
        '{"gpu": {"model": "Ada RTX 6000"}}',
        "Room 549, floor 3, building C; capacity 16",
        "Seats 14A and 14B, train ICE 287, wagon 10",
        "symbol,name,price\nSCHW,Charles Schwab,43\nSCHW,Charles Schwab,72\n",
        "Recall: Houghton Mifflin asks owners to return it",
    ],
)
def test_programs_brands_lists_of_words_and_floors_are_nobodys(text: str) -> None:
    assert found(text) == []
