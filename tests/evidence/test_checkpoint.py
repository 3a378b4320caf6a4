"""Signed notes: what others sign is read, what was changed is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.evidence.chain import Broken
from mcp_gate.evidence.checkpoint import BadCheckpoint, Checkpoint, Comparison, Forged, Signer, Verifier, read, signed
from mcp_gate.evidence.merkle import Tree

SIGNER = Signer("mcp-gate/g-1", b"s" * 32)
HASHES = [f"{n:064x}" for n in range(11)]


def tree(count: int) -> Tree:
    out = Tree()
    for hash in HASHES[:count]:
        out.add(bytes.fromhex(hash))
    return out


def note(count: int = 7) -> str:
    return SIGNER.note(count, tree(count).root())


def compared(checkpoint: Checkpoint, hashes: list[str]) -> Broken | None:
    comparison = Comparison(checkpoint)
    for hash in hashes:
        comparison.see(hash)
    return comparison.fault()


def test_a_note_reads_as_it_was_written() -> None:
    text = note()
    assert text.splitlines()[:2] == ["mcp-gate/g-1", "7"]
    assert text.splitlines()[3] == ""
    assert read(text, SIGNER.verifier) == Checkpoint(7, tree(7).root())
    assert read(text, Verifier.parse(str(SIGNER.verifier))) == Checkpoint(7, tree(7).root())


def test_the_example_of_go_s_signed_notes_checks() -> None:
    verifier = Verifier.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    line = (
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert signed(text, line, verifier)
    assert not signed(text.replace("answer", "Answer"), line, verifier)


def test_further_signatures_of_witnesses_do_no_harm() -> None:
    text = note()
    assert read(text + "— witness.example AAAAAAAA\n", SIGNER.verifier).size == 7
    head, _, mine = text.rpartition("\n— ")
    assert read(f"{head}\n— witness.example AAAAAAAA\n— {mine}", SIGNER.verifier).size == 7


@given(st.integers(0, len(note()) - 1), st.characters(codec="utf-8"))
def test_a_changed_character_is_noticed(at: int, char: str) -> None:
    text = note()
    changed = text[:at] + char + text[at + 1 :]
    if changed != text:
        with pytest.raises((BadCheckpoint, Forged)):
            read(changed, SIGNER.verifier)


def test_another_s_key_and_another_s_name_are_not_taken() -> None:
    for other in (Signer("mcp-gate/g-1", b"o" * 32), Signer("mcp-gate/g-2", b"s" * 32)):
        with pytest.raises(Forged, match="the checkpoint is not signed by mcp-gate/g-"):
            read(note(), other.verifier)


@pytest.mark.parametrize("text", ["", "hello", "a\n0\n" + "A" * 43 + "=\n\n— a AAAA\n", note().replace("\n\n", "\n")])
def test_what_is_no_checkpoint_is_told(text: str) -> None:
    with pytest.raises(BadCheckpoint, match="this is not a checkpoint"):
        read(text, SIGNER.verifier)


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("", "this is not a key"),
        ("a+00000000+" + "A" * 44, "this is not a key"),
        (str(SIGNER.verifier).replace("+", "x"), "this is not a key"),
        (str(SIGNER.verifier).replace("g-1", "g-2"), "the key's id does not fit the key"),
    ],
)
def test_what_is_no_key_is_told(key: str, error: str) -> None:
    with pytest.raises(BadCheckpoint, match=error):
        Verifier.parse(key)


def test_a_record_that_goes_on_from_the_checkpoint_fits() -> None:
    checkpoint = Checkpoint(7, tree(7).root())
    assert compared(checkpoint, HASHES[:7]) is None
    assert compared(checkpoint, HASHES) is None


def test_S211_a_cut_tail_and_a_changed_hash_are_found() -> None:
    checkpoint = Checkpoint(7, tree(7).root())
    assert compared(checkpoint, HASHES[:6]) == Broken(7, "is missing: the checkpoint saw 7", 6)
    for at in range(7):
        changed = [*HASHES[:at], "f" * 64, *HASHES[at + 1 :]]
        fault = compared(checkpoint, changed)
        assert fault is not None
        assert (fault.seq, fault.checked) == (7, 0)
        assert "it or one before it was written anew" in fault.what
