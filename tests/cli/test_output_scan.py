"""`output scan --jsonl`: lines in, places of what was found out, values nowhere."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from mcp_gate.cli.output import output


def run(given: str, *options: str) -> Result:
    return CliRunner().invoke(output, ["scan", *(options or ("--jsonl", "--no-ner"))], input=given)


def lines(*texts: str) -> str:
    return "".join(json.dumps({"id": number, "text": text}) + "\n" for number, text in enumerate(texts))


def test_every_line_is_answered_with_places_in_the_text_as_given() -> None:
    text = json.dumps({"who": "J\u00f6rg", "ssn": "536-22-1234", "n": 5})
    done = run(lines(text, "nothing", "mail \uff41nn@acme.com"))
    assert done.exit_code == 0, done.output
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == [0, 1, 2]
    assert [set(answer) for answer in answers] == [{"id", "spans", "ms"}] * 3
    (span,) = answers[0]["spans"]
    assert set(span) == {"start", "end", "entity", "score"}
    assert (text[span["start"] : span["end"]], span["entity"]) == ("536-22-1234", "US_SSN")
    assert answers[1]["spans"] == []
    assert [one["entity"] for one in answers[2]["spans"]] == ["EMAIL_ADDRESS"]
    assert "536" not in done.stdout.replace(str(span["start"]), "")


def test_empty_lines_are_passed_over_and_no_lines_are_no_error() -> None:
    assert run("\n\n").stdout == ""
    assert run("").exit_code == 0


def test_a_bad_line_is_named_after_the_answers_before_it() -> None:
    for bad in ("{", "[]", '{"id": 1}', '{"text": "x"}', '{"id": 1, "text": 2}'):
        done = run(lines("fine") + bad + "\n")
        assert done.exit_code == 2
        assert done.stderr.startswith("line 2 is ")
        assert done.stderr.count("\n") == 1
        assert len(done.stdout.splitlines()) == 1


def test_without_jsonl_it_says_what_it_wants() -> None:
    done = run("", "--no-ner")
    assert done.exit_code == 2
    assert "--jsonl" in done.output
