"""What is large enough to be gone through by a thread."""

from __future__ import annotations

import pytest

from mcp_gate.gate.aside import CHARACTERS, VALUES, large
from mcp_gate.lang.strictjson import dumps
from mcp_gate.model.foreign import Json


@pytest.mark.parametrize(
    "payload",
    [
        "x" * (CHARACTERS + 1),
        ["x" * CHARACTERS, {"a": "x"}],
        [0] * (VALUES + 1),
        {"x" * (CHARACTERS + 1): 1},
        {"a": [{f"{n}" + "k" * 200: None for n in range(1000)}]},
    ],
)
def test_many_values_long_texts_and_long_keys_are_large(payload: Json) -> None:
    assert large(payload)
    assert large(payload, dumps(payload))


@pytest.mark.parametrize("payload", [{}, [{"key": [1, 2.5, None, True]}] * 10, {"many, many, many": "[{,}]" * 1000}])
def test_what_is_gone_through_within_milliseconds_is_not(payload: Json) -> None:
    assert not large(payload)
    assert not large(payload, dumps(payload))


@pytest.mark.parametrize("count", range(VALUES - 3, VALUES + 1))
@pytest.mark.parametrize("one", [[], {}, 0])
def test_what_is_written_down_is_as_large_as_what_it_says(count: int, one: Json) -> None:
    for payload in ([one] * count, {f"{n}": one for n in range(count)}):
        assert large(payload, dumps(payload)) == large(payload)
