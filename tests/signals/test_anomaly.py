"""How unusual a call is: against a count over the whole past, calibrated, quiet at first, and explained."""

from __future__ import annotations

import itertools
import math
import random
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.signals.anomaly import (
    AWAKE,
    DEPTH,
    ENOUGH,
    KEYS,
    LARGEST,
    NAMES,
    Act,
    Profile,
    numbers_of,
    unusual_told,
)

_chance = random.Random(5)
POOL = [
    Act(
        _chance.choice(["shop read", "shop pay", "shop list"]), _chance.randint(0, 40), _chance.randint(1, 4),
        tuple((name, _chance.uniform(-5, 5)) for name in ("args.a", "args.b") if _chance.random() < 0.7),
    )
    for _ in range(40)
]  # fmt: skip
ACTS = st.sampled_from(POOL)


def act(amount: float = 10, tool: str = "shop pay", size: int = 40, pace: int = 1) -> Act:
    return Act(tool, size, pace, (("args.amount", amount),))


def used_to(*acts: Act, times: int = 1) -> Profile:
    profile = Profile()
    for _ in range(times):
        for one in acts:
            profile.learn(one)
    return profile


# ---- against a count over the past


def recounted(past: list[Act], now: Act) -> Decimal:
    """The score by its definition, from the list of past calls alone."""
    if len(past) < AWAKE:
        return Decimal(0)
    same = [old for old in past if old.tool == now.tool]
    samples: list[tuple[int, int]] = [(sum(old.pace >= now.pace for old in past), len(past))]
    last = past[-1].tool
    after = [new.tool for old, new in itertools.pairwise(past) if old.tool == last]
    samples.append((sum(after.count(tool) <= after.count(now.tool) for tool in after), len(after)))
    samples.append((sum(old.size >= now.size for old in same), len(same)))
    for name, value in now.numbers:
        values = [dict(old.numbers)[name] for old in same if name in dict(old.numbers)]
        samples.append((sum(old >= value for old in values), len(values)))
    counted = [(k + 1) / (n + 1) for k, n in samples if n >= ENOUGH]
    p = min(1.0, min(counted) * len(counted)) if counted else 1.0
    return Decimal(str(round(min(1.0, -math.log10(p) / 1.6), 3)))


@settings(deadline=None)
@given(st.lists(ACTS, min_size=AWAKE - 2, max_size=AWAKE + 60), ACTS)
def test_the_score_is_what_a_count_over_the_past_says(past: list[Act], now: Act) -> None:
    assert abs(used_to(*past).score(now).score - recounted(past, now)) <= Decimal("0.001")


@settings(deadline=None)
@given(st.lists(ACTS, max_size=80), ACTS)
def test_what_is_forgotten_leaves_no_trace(past: list[Act], now: Act) -> None:
    small, fresh = Profile(most=60), Profile(most=60)
    for one in past:
        small.learn(one)
    for one in past[-60:]:
        fresh.learn(one)
    assert len(small) == min(60, len(past))
    first = past[-61:-60]
    if first:  # the oldest call that is kept knows what came before it
        small._steps[first[0].tool][past[-60].tool] -= 1
        small._steps = {a: {b: n for b, n in to.items() if n} for a, to in small._steps.items()}
        small._steps = {a: to for a, to in small._steps.items() if to}
    assert (small._steps, small._paces, small._tails) == (fresh._steps, fresh._paces, fresh._tails)
    assert small.score(now) == fresh.score(now)


# ---- what it says


def test_it_is_quiet_until_it_has_seen_enough() -> None:
    odd = act(1e9, size=10**6, pace=100)
    assert used_to(act(), times=AWAKE - 1).score(odd).score == 0
    assert used_to(act(), times=200).score(odd).score == 1


def test_a_usual_call_has_no_reasons_and_an_unusual_one_says_them() -> None:
    profile = used_to(*(act(float(n)) for n in range(1, 101)), times=2)
    assert profile.score(act(50)).features == ()
    odd = profile.score(act(4400, pace=1))
    assert odd.score > Decimal("0.8")
    assert [feature.as_json() for feature in odd.features] == [
        {"feature": "args.amount", "value": 4400, "p": 0.005},
    ]
    told = unusual_told({"anomaly_score": float(odd.score), "anomaly": [one.as_json() for one in odd.features]})
    assert told == f"{odd.score}: args.amount 4400 (1 in 200)"
    assert unusual_told({"anomaly_score": 0}) == unusual_told({}) == ""
    assert unusual_told({"anomaly_score": {"unknown": True}}) == "it cannot be told"


@pytest.mark.parametrize(
    ("odd", "name", "value"),
    [
        (act(pace=30), "calls in the last minute", 30),
        (act(size=9000), "bytes of arguments", 9000),
        (act(10.5), "args.amount", 10.5),
        (act(tool="shop delete"), "shop delete after shop pay", 0),
    ],
)
def test_each_feature_is_looked_at(odd: Act, name: str, value: float) -> None:
    found = used_to(act(), times=300).score(odd)
    assert found.score > Decimal("0.8")
    assert (found.features[0].name, found.features[0].value) == (name, value)


def test_0_8_is_about_one_usual_call_in_twenty_at_most() -> None:
    rng, profile = random.Random(7), Profile()
    above = 0
    for n in range(3000):
        tool = rng.choice(["shop read", "shop pay"])
        now = act(rng.lognormvariate(3, 1), tool, rng.randint(20, 60), rng.randint(1, 5))
        above += n > 500 and profile.score(now).score > Decimal("0.8")
        profile.learn(now)
    assert above / 2500 < 0.05


def test_more_arguments_do_not_dilute_the_score() -> None:
    profile = used_to(act(), times=300)
    padded = Act("shop pay", 40, 1, (*((f"args.x{n}", 1.0) for n in range(30)), ("args.amount", 4400.0)))
    assert profile.score(padded).score == profile.score(act(4400)).score


def test_names_of_arguments_are_bounded() -> None:
    profile = Profile()
    for n in range(500):
        profile.learn(Act("shop pay", 1, 1, ((f"args.x{n}", 1.0),)))
    assert len(profile._tails["shop pay"]) == NAMES + 1


def test_numbers_are_found_by_their_paths() -> None:
    arguments: dict[str, Any] = {
        "amount": 5, "to": "7", "yes": True, "deep": {"n": 1.5, "er": {"n": 2, "est": {"n": 3}}}, "list": [1],
        "big": 10**400,
    }  # fmt: skip
    assert dict(numbers_of(arguments)) == {
        "args.amount": 5, "args.deep.n": 1.5, "args.deep.er.n": 2, "args.big": LARGEST,
    }  # fmt: skip
    assert DEPTH == 3
    assert len(numbers_of({f"x{n}": n for n in range(10 * KEYS)})) == KEYS


def test_the_score_is_the_same_in_processes_with_other_hash_seeds() -> None:
    code = (
        "import random; from mcp_gate.signals.anomaly import *; r = random.Random(3); p = Profile(); out = []\n"
        "for n in range(400):\n"
        "    numbers = numbers_of({'n': r.random(), 'm': {'k': r.random()}})\n"
        "    a = Act(r.choice(['a', 'b', 'c']), r.randint(1, 9), 1, numbers)\n"
        "    out.append(p.score(a)); p.learn(a)\n"
        "print(out)"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, env={"PYTHONHASHSEED": seed, "LC_ALL": lang}
        ).stdout
        for seed, lang in (("1", "C"), ("2", "tr_TR.UTF-8"))
    }
    assert len(said) == 1
