"""What only looks as if it were somebody's: versions, parts of programs, ranges of years."""

import pytest

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan


def found(text: str) -> list[str]:
    """The values of the findings in a text."""
    return [text[one.start : one.end] for one in scan([Leaf(text)], Options(ner=False)).findings[0]]


@pytest.mark.parametrize(
    "text",
    [
        "INFO  Tomcat 9.0.83.0 Windows 10.0.19045.3803 starting",
        "Oracle 19.3.0.0 is out of support",
        "see https://example.org/rfc5280#section-4.1.2.6 of it",
        '<path d="M0 2.15 4.01 4.01 0 0 111 1.87 2.12 3.51.98.32 2.03.5 3.11"/>',
        "The docs use 198.51.100.7.",
    ],
)
def test_four_numbers_that_are_a_version_or_a_section_are_no_address(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text", ["Accepted publickey for deploy from {}", "Client {} disconnected", "peer {}", "Ban {}", "{} - - [10/Oct"]
)
@pytest.mark.parametrize("address", ["88.198.0.77", "185.17.3.6"])
def test_an_address_behind_a_word_stays_one(text: str, address: str) -> None:
    assert found(text.format(address)) == [address]


def test_digits_of_an_iban_that_is_wrong_are_no_card() -> None:
    assert found("Invalid IBAN IT35 P819 6495 4529 1494 9746 656 (checksum)") == []


@pytest.mark.parametrize(
    "text",
    [
        "adapter.validate_json(sse.data, by_name=False)",
        "last = nextLine = startLine + 1\n\nwhile nextLine < endLine:",
        "# N_SAMPLES_PER_TOKEN = HOP_LENGTH * 2 = 160 * 2",
        "self.granular_bot_token = granular_bot_token\nself.scopes = scopes",
        "load_pem_private_key = rust_openssl.keys.load_pem_private_key\n",
        "from pygments.token import Comment, Operator, Keyword, Name, Literal, \\\n    Punctuation",
        "    name = 'Sieve'\n    filenames = ['*.siv']",
        "Markup('Hello <em>&#34;World&#34;</em>')",
        'return {"first" => "Hello World"}',
        "[![OpenSSF Best Practices](https://www.bestpractices.dev)]",
        "Author: The Z3 Theorem Prover Project\n",
        "Author: Microsoft Corporation\n",
    ],
)
def test_what_programs_and_their_papers_say_is_nobody_s(text: str) -> None:
    assert found(text) == []


def test_years_before_somebody_called_lane_are_no_street() -> None:
    assert not any("1991" in one for one in found("Copyright: 1991-1998, Thomas G. Lane.\nLicense: custom"))


def test_who_wrote_a_mail_for_a_group_is_nobody() -> None:
    assert found("Author-email: OpenTelemetry Authors <cncf-contributors@lists.cncf.io>") == [
        "cncf-contributors@lists.cncf.io"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Jenkins signed; Palo Alto wants the same terms",
        "Kelly Blue Book wants the same terms",
        "Hugging Face moved the model",
        "Jackson Hole called about the lifts",
        "the title is Mr Coffee 12-cup",
        "opposite Dr Pepper",
        "returned 503 for tenant Silver Fern Wines",
        "The MSC Isabella left Cork",
        "meet near Ethan Allen today",
    ],
)
def test_brands_and_places_that_bear_names_are_nobody(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Driver Rosa Laursen, licence D475944882770, left",
        "Rosa Laursen (MRN 4421907) was seen",
        "Rosa Laursen opened a ticket",
        "pls tell Rosa Laursen it is near the store",
    ],
)
def test_words_before_a_name_hide_nobody(text: str) -> None:
    assert "Rosa Laursen" in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "id,host,build\n1,turing,7.5.16.17\n2,hopper,14.27.90.151\n",
        "sku,ean,title\nUIE-2888,4004034013544,Desk lamp\n",
        "Acme said the toy with EAN 5457720205195 passed",
        '{"labels": {"firstName": "Vorname", "lastName": "Nachname", "fullName": "Full Name"}}',
        "El tren sale a las 13:00; el museo Reina Sofía cierra",
        "== Wallace Line ==\nIt separates two regions",
    ],
)
def test_tables_labels_and_sites_hold_nobody(text: str) -> None:
    assert found(text) == []


def test_a_heading_in_capitals_is_nobody() -> None:
    assert found("DISCHARGE SUMMARY\nPatient: Pemberton, Callum") == ["Pemberton, Callum"]
    assert "ANJA GROSSMANN" in found("ANJA GROSSMANN\nPhone: +49 30 7417034")


@pytest.mark.parametrize(
    "text",
    [
        "requires python>=15.18.25.27, numpy==20.22.26.1",
        "80/tcp open http nginx 24.5.8.24; 443/tcp open",
        "affects ylib before 24.19.19.14; CVSS 8.5",
        "doi:10.7045/j.cell.2010.00.772, PMID 13093196",
        "message 1509486878 queued; number of retries 7",
        "the sum is large; cell 3635915 is empty",
        "passport strategy 728395 of the library",
    ],
)
def test_what_is_counted_and_released_is_nobody_s_number(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("my cell 415 555 2671", "415 555 2671"),
        ("passport number 728395712", "728395712"),
        ("passport no. 728395", "728395"),
        ("leave a message at 4155552671", "4155552671"),
    ],
)
def test_numbers_behind_their_words_stay_found(text: str, value: str) -> None:
    assert found(text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "author: GitHub Actions\ncommitter: Dependabot",
        "Assigned to: Unassigned, reporter: Automation for Jira",
        "Contact: Help Desk, Ext. 4",
        "Drive from Arthur Ashe Stadium to the hotel",
        "Order 4471: 2 x Veuve Clicquot, 1 x Nina Ricci",
        "Karl Lagerfeld belt, size 95",
    ],
)
def test_desks_teams_and_makes_are_nobody(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("I live at {}.", "214, 2nd Cross, Indiranagar, Chennai 600002"),
        ("abito in {} e", "Björkstigen 140, 113 30 Stockholm"),
        ("ship to {}", "40 Rue Saint-Denis, Vancouver, BC V6Z 1L2"),
        ("member record {} (MRN) was verified", "H80688102"),
    ],
)
def test_streets_of_other_countries_and_labels_behind_a_number_are_known(text: str, value: str) -> None:
    assert found(text.format(value)) == [value]


def test_a_number_with_six_digits_behind_a_word_is_no_address() -> None:
    assert found("Order 12, Bolt, Part 400123, Lot 500123") == []


@pytest.mark.parametrize(
    "text",
    [
        "We visited the plant, then drove to Charlotte.",
        "Trains from Anchorage Central to Charlotte are delayed",
        "It is on board the MV Ever Given, arriving today",
        "nginx: resolver test.example.net returned 203.0.113.232",
        "Doc Martens, Levi's and Birkenstock are out of stock",
    ],
)
def test_journeys_ships_songs_and_what_documents_use_are_nobody(text: str) -> None:
    assert found(text) == []
