"""Text as pieces, rows and lines of cells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.faces.tui.lines import GUTTER, Row, fitted, foreign, hang, labelled, marked, plain, prose, width_of

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=200)


@given(TEXT, st.integers(4, 60))
def test_no_line_is_wider_than_the_room_and_no_character_is_lost(text: str, width: int) -> None:
    lines = hang([Row(foreign(text))], width)
    assert all(width_of(line) <= width for line in lines)
    assert "".join(map(plain, lines)) == plain(foreign(text))


@given(TEXT)
def test_every_line_but_the_first_stands_behind_the_gutter(text: str) -> None:
    lines = hang([Row(foreign(text), first=(("  ", ""),), further=GUTTER)], 20)
    assert plain(lines[0]).startswith("  ")
    assert all(plain(line).startswith("┃ ") for line in lines[1:])


@given(TEXT)
def test_prose_stands_behind_the_gutter_from_the_first_line_on(text: str) -> None:
    assert all(plain(line).startswith("┃ ") for line in hang([prose(text, 1_000)], 30))


@given(TEXT, st.integers(0, 40))
def test_a_cut_line_fits_and_says_that_it_was_cut(text: str, cells: int) -> None:
    cut = fitted(foreign(text), cells)
    assert width_of(cut) <= cells
    assert plain(cut) == plain(foreign(text)) or cells == 0 or plain(cut).endswith("…")


def test_lines_break_after_a_space_where_one_is_near() -> None:
    assert [plain(line) for line in hang([Row((("one two three four", ""),))], 10)] == ["one two ", "three four"]


def test_values_stand_beside_their_labels() -> None:
    lines = [plain(line) for line in hang([labelled("because", ("of a reason that is long", ""))], 26)]
    assert lines == ["because     of a reason ", "            that is long"]


def test_what_was_revealed_is_drawn_reversed() -> None:
    assert foreign("a\u202eb", "bold") == (("a", "bold"), ("⟨U+202E⟩", "bold reverse"), ("b", "bold"))


def test_markup_is_text() -> None:
    for text in ("[bold]x[/]", "[/]", "[link=http://e]x[/link]", "[b", "[$error]", "\\[x]", "[@click=app.quit]x[/]"):
        assert plain(hang([Row(foreign(text))], 80)[0]) == text


def test_a_long_text_shows_head_count_and_tail() -> None:
    shown = plain(foreign("a" * 600 + "b" * 600, longest=300))
    assert shown == "a" * 200 + " ⟪900 characters left out⟫ " + "b" * 100


def test_a_text_without_anything_is_one_empty_line() -> None:
    assert hang([Row(marked(""))], 10) == [()]
