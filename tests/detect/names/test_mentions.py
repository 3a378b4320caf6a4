"""Names of one word."""

import pytest

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan


def found(text: str) -> list[str]:
    """The people found in a text without the network."""
    findings = scan([Leaf(text)], Options(ner=False)).findings[0]
    return [text[one.start : one.end] for one in findings if one.entity == "PERSON"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("That works for me, call if you are late.\n\nSanne\n\n> On Monday you wrote:\n> fine", "Sanne"),
        ("Minutes are attached.\n\nAgreed. - Gianluca\n", "Gianluca"),
        ("> The room is moved to Monday.\n> Gianluca\n", "Gianluca"),
        ("Il pacco arriva domani.\nGrazie, Gianluca\n", "Gianluca"),
        ("Layla Al-Masri and Esmée are both out next week", "Esmée"),
        ("I supervised Rochelle Vasquez. Rochelle was punctual.", "Rochelle"),
        ("Trevor McAllister signed for the parcel, but McAllister says nobody rang", "McAllister"),
        ("I gave Mónika the keys to the server room", "Mónika"),
        ("Reached Fabiana on +61 420 100 520", "Fabiana"),
        ("Gianluca: can you merge it?\nSanne: done, see above\n", "Sanne"),
        ("the assessor thought that Trevor McAllister had left", "Trevor McAllister"),
        ("Patient rang: Nigel O'Rourke, born 14 May 1967", "Nigel O'Rourke"),
        ("BEGIN:VCARD\nVERSION:3.0\nN:ten Brink;Femke;;;\nEND:VCARD", "Femke"),
        ("Patrick told me the deploy broke", "Patrick"),
        ("hey, Aoife from accounting needs the number", "Aoife"),
        ("// TODO(Shannon): drop this", "Shannon"),
        ("Booked for Li Na at the office", "Li Na"),
        ("it was Rainer's idea to migrate", "Rainer"),
        ("BEGIN:VCARD\nVERSION:3.0\nN:ten Brink;Femke;;;\nEND:VCARD", "ten Brink"),
    ],
)
def test_a_name_of_one_word_is_found_where_somebody_stands(text: str, name: str) -> None:
    assert name in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "The end of the chapter.\n\nRuby\n\nThe language is fast.",
        "The end of the chapter.\n\nSummary\n\nAll is well.",
        "Ethan Allen and Wells Fargo are listed.",
        "Note: take care\nTip: use a cloth\n",
        "I gave Slack the token",
    ],
)
def test_headings_labels_and_programs_are_nobody(text: str) -> None:
    assert not {"Ruby", "Summary", "Note", "Tip", "Slack"} & set(found(text))
