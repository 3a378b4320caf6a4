"""The network: a text in, labelled words out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from mcp_gate.detect.ner.near import near
from mcp_gate.detect.ner.network import GIVEN, network
from mcp_gate.detect.ner.weights import NoModel, read

KINDS: Final = {
    "GIVEN_NAME": "PERSON",
    "SURNAME": "PERSON",
    "BUILDING_NUMBER": "ADDRESS",
    "STREET_NAME": "ADDRESS",
    "SECONDARY_ADDRESS": "ADDRESS",
    "CITY": "ADDRESS",
    "STATE": "ADDRESS",
    "ZIP_CODE": "ADDRESS",
}
"""What the network's labels are here. Its others are guesses about numbers, which rules with checksums judge better."""
_ORDER: Final = ("PERSON", "ADDRESS")
SURE: Final = 0.3
"""From which probability on a word counts: a name too many is blanked out rather than one too few."""
MOST_TOKENS: Final = 510
"""As many as the network takes at once, without the two that frame them."""
_OVERLAP: Final = 64
"""How many of them are seen again with the next ones."""
_HALF_A_PAIR: Final = re.compile("[\ud800-\udfff]")
"""Of surrogates, as JavaScript leaves it behind where it cuts a text."""


class Word(NamedTuple):
    """A whole word of a text, as the network sees it."""

    start: int
    end: int
    label: str
    """The network's, without `B-` and `I-`; `O` is nothing."""
    score: float
    """How sure it is of the kind of thing, whichever part of it the word is."""
    whole: bool = False
    """Whether the network's vocabulary has it as it stands: an everyday word, or a name that many have."""


class Model:
    """Loading takes a third of a second and some 100 MB; one thread at a time may use it."""

    def __init__(self) -> None:
        """
        Raises:
            NoModel: it is not installed, or is not what it should be.
        """
        try:
            import numpy
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as e:
            raise NoModel("names in prose need the extra: install mcp-gate[ner]") from e
        self._numpy = numpy
        self._tokenizer = Tokenizer.from_str(read("tokenizer.json").decode())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        config = json.loads(read("config.json"))
        labels = config["id2label"]
        self._labels = [labels[str(n)].split("-", 1)[-1] for n in range(len(labels))]
        self._kinds = numpy.array(
            [[KINDS.get(label) == kind for kind in _ORDER] for label in self._labels], numpy.float32
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        built = network(read("onnx/model_q4.onnx"), config["num_hidden_layers"], config["num_attention_heads"])
        self._session = onnxruntime.InferenceSession(built, options, providers=["CPUExecutionProvider"])

    def words(self, text: str, names: Iterable[tuple[int, int]]) -> list[Word]:
        """Its words near those that could be names, labelled. A text of more tokens than fit is seen in pieces, each
        with a part of the one before.

        Args:
            names: where these stand, in order.
        """
        encoded = self._tokenizer.encode(_HALF_A_PAIR.sub("?", text))
        first, *ids, last = encoded.ids
        places, of_word = encoded.offsets[1:-1], encoded.word_ids[1:-1]
        shown = near(text, places, of_word, names)
        ids = [ids[token] for token in shown]
        labels: list[tuple[int, float]] = []
        while len(labels) < len(ids):
            begin = max(0, len(labels) - _OVERLAP)
            seen = self._labelled([first, *ids[begin : begin + MOST_TOKENS], last])
            labels += seen[len(labels) - begin :]
        named = [(self._labels[label], score) for label, score in labels]
        return _whole_words([places[token] for token in shown], [of_word[token] for token in shown], named)

    def _labelled(self, ids: Sequence[int]) -> list[tuple[int, float]]:
        """Of every token but the first and the last the best label, and how sure its kind is. A kind may be the sum of
        several labels of which none is the best: it need not be surer than all others together."""
        numpy = self._numpy
        (logits,) = self._session.run(None, {GIVEN: numpy.array([ids], numpy.int64)})
        rows = numpy.exp(logits[0][1:-1] - logits[0][1:-1].max(-1, keepdims=True))
        rows /= rows.sum(-1, keepdims=True)
        kinds = rows @ self._kinds
        kind = kinds.argmax(-1)
        label = (rows * self._kinds.T[kind]).argmax(-1)
        sure = kinds.max(-1)
        label[sure < SURE] = 0
        return list(zip(label.tolist(), sure.tolist(), strict=True))


def _whole_words(
    places: Sequence[tuple[int, int]], of_word: Sequence[int | None], labels: Sequence[tuple[str, float]]
) -> list[Word]:
    """Pieces of one word become it, with the label of the piece that is surest of one."""
    out: list[Word] = []
    before: int | None = None
    for (start, end), word, (label, score) in zip(places, of_word, labels, strict=True):
        if word is None or word != before or not out:
            out.append(Word(start, end, label, score, whole=True))
        else:
            last = out[-1]
            better = (label != "O", score) > (last.label != "O", last.score)
            out[-1] = Word(last.start, end, label if better else last.label, score if better else last.score)
        before = word
    return out
