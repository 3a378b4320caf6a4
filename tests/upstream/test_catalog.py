"""Tools compared with what was accepted of them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.evidence.hashes import tool_hash
from mcp_gate.upstream.catalog import Accepted, Catalog, Observation, Tool, Why, Withheld, pin_of
from support.upstreams import tool


class World:
    """A catalog with prefixes and mappings as plain data, and what it had kept."""

    def __init__(self, mapped: set[str] | None = None, prefixes: dict[str, str] | None = None) -> None:
        self.prefixes = prefixes or {"shop": "shop_", "other": "other_"}
        self.mapped = mapped or set()
        self.workflows: set[str] = set()
        self.kept: list[tuple[str, str, Accepted]] = []
        self.catalog = self.fresh()

    def fresh(self) -> Catalog:
        return Catalog(
            prefix=lambda upstream: self.prefixes[upstream],
            mapped=lambda upstream, name: name in self.mapped,
            taken=lambda listed_name: listed_name in self.workflows,
            keep=lambda upstream, name, pin: self.kept.append((upstream, name, pin)),
        )


def names(observation: Observation) -> tuple[list[str], list[tuple[str, Why]]]:
    listed = [one.listed_name for one in observation.listed]
    return listed, [(one.listed_name, one.why) for one in observation.withheld]


def events(observation: Observation) -> list[tuple[str, str, str]]:
    return [(one.fields["tool"], one.data["kind"], one.data["why"]) for one in observation.changes]


def test_the_first_listing_ever_is_accepted_and_kept_under_its_hash() -> None:
    world = World()
    definition = tool("a", annotations={"readOnlyHint": True})
    seen = world.catalog.observe("shop", [definition, tool("b")])
    assert names(seen) == (["shop_a", "shop_b"], [])
    assert seen.changes == ()
    assert [(upstream, name) for upstream, name, _ in world.kept] == [("shop", "a"), ("shop", "b")]
    assert world.kept[0][2].tool_hash == tool_hash(definition)
    assert world.catalog.lookup("shop_a") == Tool("shop", "a", "shop_a", definition, tool_hash(definition))


def test_a_listed_name_is_looked_up_byte_for_byte() -> None:
    world = World()
    world.catalog.observe("shop", [tool("delete_user")])
    assert world.catalog.lookup("shop_delete_user") is not None
    for other in ("shop_Delete_User", "shop_delete_user ", "delete_user", "shop_", "other_delete_user"):
        assert world.catalog.lookup(other) is None


def test_S031_a_tool_that_appears_later_is_withheld_until_it_is_accepted() -> None:
    world = World()
    world.catalog.observe("shop", [tool("a")])
    seen = world.catalog.observe("shop", [tool("a"), tool("b")])
    assert names(seen) == (["shop_a"], [("shop_b", Why.NEW)])
    assert events(seen) == [("b", "added", "new")]
    assert isinstance(world.catalog.lookup("shop_b"), Withheld)
    assert world.catalog.observe("shop", [tool("a"), tool("b")]).changes == ()
    found = world.catalog.acceptable("shop", "b")
    assert found is not None
    world.catalog.accept(found)
    assert names(world.catalog.observe("shop", [tool("a"), tool("b")])) == (["shop_a", "shop_b"], [])


def test_S031_a_tool_that_appears_later_and_is_mapped_is_accepted() -> None:
    world = World(mapped={"b"})
    world.catalog.observe("shop", [tool("a")])
    assert names(world.catalog.observe("shop", [tool("a"), tool("b")])) == (["shop_a", "shop_b"], [])
    assert [name for _, name, _ in world.kept] == ["a", "b"]


@pytest.mark.parametrize(
    "change",
    [
        {"description": "another"},
        {"inputSchema": {"type": "object", "properties": {"x": {}}}},
        {"annotations": {"destructiveHint": False}},
        {"x-unknown": 1},
        {"description": "a of the probe\u200b"},
    ],
)
def test_S032_any_change_of_a_pinned_definition_withholds_the_tool(change: dict[str, Any]) -> None:
    world = World(mapped={"a"})
    before, after = tool("a"), tool("a", **change)
    world.catalog.observe("shop", [before])
    seen = world.catalog.observe("shop", [after])
    assert names(seen) == ([], [("shop_a", Why.CHANGED)])
    (event,) = seen.changes
    assert event.event == "tool.changed"
    assert event.fields == {"upstream": "shop", "tool": "a"}
    assert event.data == {
        "kind": "changed", "old": tool_hash(before), "new": tool_hash(after), "why": "changed",
    }  # fmt: skip
    assert isinstance(world.catalog.lookup("shop_a"), Withheld)
    assert len(world.kept) == 1


def test_S032_the_order_of_members_is_no_change() -> None:
    world = World()
    definition = tool("a", title="t")
    world.catalog.observe("shop", [definition])
    reordered = dict(reversed(definition.items()))
    assert names(world.catalog.observe("shop", [reordered])) == (["shop_a"], [])


def test_S032_a_definition_that_is_changed_back_is_offered_again() -> None:
    world = World()
    world.catalog.observe("shop", [tool("a")])
    world.catalog.observe("shop", [tool("a", title="t")])
    assert names(world.catalog.observe("shop", [tool("a")])) == (["shop_a"], [])


def test_S035_what_a_tool_says_of_itself_changes_nothing_but_its_hash() -> None:
    world = World()
    destructive = tool("wipe", annotations={"readOnlyHint": True, "destructiveHint": False})
    seen = world.catalog.observe("shop", [destructive])
    assert seen.listed == (Tool("shop", "wipe", "shop_wipe", destructive, tool_hash(destructive)),)


def test_S188_another_program_behind_an_upstream_is_compared_with_what_was_accepted_before() -> None:
    world = World()
    world.catalog.observe("shop", [tool("a"), tool("b")])
    restarted = world.fresh()
    restarted.load("shop", {name: pin for _, name, pin in world.kept})
    seen = restarted.observe("shop", [tool("a"), tool("b", description="of version 2"), tool("c")])
    assert names(seen) == (["shop_a"], [("shop_b", Why.CHANGED), ("shop_c", Why.NEW)])
    assert len(seen.changes) == 2


def test_accepting_binds_to_the_definition_that_was_shown() -> None:
    world = World()
    world.catalog.observe("shop", [tool("a")])
    world.catalog.observe("shop", [tool("a", title="shown")])
    shown = world.catalog.acceptable("shop", "a")
    assert shown is not None
    world.catalog.observe("shop", [tool("a", title="swapped")])
    world.catalog.accept(shown)
    assert isinstance(world.catalog.lookup("shop_a"), Withheld)
    assert names(world.catalog.observe("shop", [tool("a", title="swapped")])) == ([], [("shop_a", Why.CHANGED)])
    assert names(world.catalog.observe("shop", [tool("a", title="shown")])) == (["shop_a"], [])


def test_only_changed_and_new_definitions_can_be_accepted() -> None:
    world = World()
    world.catalog.observe("shop", [tool("a"), tool("b c")])
    assert world.catalog.acceptable("shop", "a") is None
    assert world.catalog.acceptable("shop", "b c") is None
    assert world.catalog.acceptable("shop", "nothing") is None


def test_colliding_names_withhold_the_later_tool_and_the_first_stays_what_it_is() -> None:
    world = World(prefixes={"a": "a_", "a-b": "a_b_"})
    first = tool("b_c")
    world.catalog.observe("a", [first])
    seen = world.catalog.observe("a-b", [tool("c")])
    assert names(seen) == ([], [("a_b_c", Why.COLLISION)])
    found = world.catalog.lookup("a_b_c")
    assert isinstance(found, Tool)
    assert (found.upstream, found.definition) == ("a", first)
    assert [upstream for upstream, _, _ in world.kept] == ["a"]


@pytest.mark.parametrize("second", [tool("a"), tool("a", description="another")])
def test_a_name_listed_twice_is_the_first_of_them(second: dict[str, Any]) -> None:
    world = World()
    seen = world.catalog.observe("shop", [tool("a"), second])
    assert names(seen) == (["shop_a"], [("shop_a", Why.COLLISION)])
    found = world.catalog.lookup("shop_a")
    assert isinstance(found, Tool)
    assert found.definition == tool("a")
    assert names(world.catalog.observe("shop", [tool("a"), second]))[0] == ["shop_a"]


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä", "a\u202eb", "a\U000e0041", "x" * 130, "a\n", "\ud800"])
def test_names_that_cannot_be_listed_are_withheld(name: str) -> None:
    world = World()
    seen = world.catalog.observe("shop", [tool(name), tool("good")])
    assert names(seen)[0] == ["shop_good"]
    assert [one.why for one in seen.withheld] in ([Why.NAME], [Why.SHAPE])
    assert [kept for _, kept, _ in world.kept] == ["good"]


@pytest.mark.parametrize("odd", [None, 1, [], "a", {}, {"name": 1}, {"name": None, "x": 1}])
def test_what_is_no_tool_is_withheld(odd: Any) -> None:
    world = World()
    seen = world.catalog.observe("shop", [odd, odd, tool("good")])
    assert names(seen)[0] == ["shop_good"]
    assert [one.why for one in seen.withheld] == [Why.SHAPE, Why.SHAPE]
    assert world.catalog.lookup("") is None


def deep(levels: int) -> dict[str, Any]:
    """A schema of two branches a level: 2^levels ways through it, in as many definitions as there are levels."""
    found: dict[str, Any] = {"$defs": {}, "$dynamicRef": "#loop", "$dynamicAnchor": "loop", "$ref": "#/$defs/d0"}
    for level in range(levels):
        below = {"$ref": f"#/$defs/d{level + 1}"}
        found["$defs"][f"d{level}"] = {"anyOf": [below, below], "$dynamicRef": "#loop"}
    found["$defs"][f"d{levels}"] = {"type": "string", "pattern": "(a+)+$"}
    return found


def test_S182_schemas_that_never_end_cost_no_time_and_are_never_resolved() -> None:
    schema = {"type": "object", "properties": {"a": deep(20), "b": {"anyOf": [{"const": n} for n in range(10_000)]}}}
    world = World()
    began = time.process_time()
    seen = world.catalog.observe("shop", [tool("a", inputSchema=schema)])
    assert time.process_time() - began < 1
    assert seen.listed[0].definition["inputSchema"] == schema


@pytest.mark.parametrize("to", ["http://169.254.169.254/", "file:///etc/passwd", "https://h/s#/x", "other.json"])
@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef", "$recursiveRef"])
@pytest.mark.parametrize("where", ["inputSchema", "outputSchema"])
def test_S182_a_tool_whose_schema_leads_elsewhere_is_withheld_for_good(where: str, keyword: str, to: str) -> None:
    schema = {"type": "object", "properties": {"a": {"allOf": [{"items": {keyword: to}}]}}}
    world = World(mapped={"a"})
    seen = world.catalog.observe("shop", [tool("a", **{where: schema}), tool("b")])
    assert names(seen) == (["shop_b"], [("shop_a", Why.REFERENCE)])
    assert world.catalog.acceptable("shop", "a") is None


def test_a_tool_may_have_arguments_that_are_called_as_references_are() -> None:
    schema = {"type": "object", "$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": {"x": {}},
              "properties": {"$ref": {"$ref": "#/$defs/x"}, "$dynamicRef": {"type": "string"}}}  # fmt: skip
    assert names(World().catalog.observe("shop", [tool("a", inputSchema=schema)]))[0] == ["shop_a"]


def test_a_tool_that_the_gate_sees_no_more_is_forgotten_and_recorded_once() -> None:
    world = World()
    both, one = [tool("a"), tool("b")], [tool("a")]
    for tools in (both, one):
        gone = world.catalog.missing("shop", tools)
        world.catalog.observe("shop", tools)
    (event,) = gone
    assert (event.fields["tool"], event.data) == ("b", {"kind": "removed", "old": tool_hash(tool("b"))})
    assert world.catalog.lookup("shop_b") is None
    assert world.catalog.missing("shop", one) == ()
    assert names(world.catalog.observe("shop", both)) == (["shop_a", "shop_b"], [])


def test_what_only_some_clients_are_listed_is_not_missed() -> None:
    world = World(mapped={"b"})
    world.catalog.missing("shop", [tool("a")])
    world.catalog.observe("shop", [tool("a")])
    world.catalog.observe("shop", [tool("a"), tool("b")])
    assert world.catalog.missing("shop", [tool("a")]) == ()
    assert isinstance(world.catalog.lookup("shop_b"), Tool)


def test_an_upstream_that_is_gone_or_renamed_is_forgotten_but_what_was_accepted_is_not() -> None:
    world = World()
    world.catalog.observe("shop", [tool("a")])
    world.catalog.forget("shop")
    assert world.catalog.lookup("shop_a") is None
    world.prefixes["shop"] = "s_"
    assert names(world.catalog.observe("shop", [tool("a", title="t"), tool("b")])) == (
        [], [("s_a", Why.CHANGED), ("s_b", Why.NEW)],
    )  # fmt: skip


definitions = st.builds(tool, st.sampled_from(["a", "b", "c", "a b"]), title=st.sampled_from(["", "t", "u"]))


@given(st.lists(st.tuples(st.sampled_from(["shop", "other"]), st.lists(definitions, max_size=4)), max_size=6))
def test_a_tool_is_never_offered_under_another_definition_than_the_accepted_one(
    listings: list[tuple[str, list[dict[str, Any]]]],
) -> None:
    world = World(mapped={"b"})
    for upstream, tools in listings:
        for offered in world.catalog.observe(upstream, tools).listed:
            pins = [pin for at, name, pin in world.kept if (at, name) == (upstream, offered.name)]
            assert [pin.tool_hash for pin in pins] == [offered.tool_hash]
            assert pin_of(offered.definition, offered.tool_hash).definition == pins[0].definition
            assert world.catalog.lookup(offered.listed_name) == offered


def test_a_tool_by_the_name_of_a_workflow_is_withheld_shown_and_recorded_once() -> None:
    world = World(prefixes={"shop": "", "other": "other_"})
    assert names(world.catalog.observe("shop", [tool("workflow_x")])) == (["workflow_x"], [])
    world.workflows.add("workflow_x")  # a reload brought it
    for times in (1, 0):
        seen = world.catalog.observe("shop", [tool("workflow_x")])
        assert names(seen) == ([], [("workflow_x", Why.COLLISION)])
        assert events(seen) == [("workflow_x", "added", "collision")] * times
        assert world.catalog.lookup("workflow_x") is None
        assert [known.name for known in world.catalog.tools("shop")] == ["workflow_x"]
    world.workflows.clear()
    assert names(world.catalog.observe("shop", [tool("workflow_x")])) == (["workflow_x"], [])
    assert [type(known) for known in world.catalog.tools("shop")] == [Tool]


def test_a_tool_by_the_name_of_another_s_is_recorded_once_and_shown_until_it_is_gone() -> None:
    world = World(prefixes={"shop": "", "other": ""})
    world.catalog.observe("shop", [tool("a")])
    seen = [world.catalog.observe("other", [tool("a")]) for _ in range(2)]
    assert [events(one) for one in seen] == [[("a", "added", "collision")], []]
    assert [(known.name, getattr(known, "why", None)) for known in world.catalog.tools("other")] == [
        ("a", Why.COLLISION)
    ]  # fmt: skip
    world.catalog.missing("other", [tool("a")])
    world.catalog.missing("other", [])
    assert world.catalog.tools("other") == []
    assert [known.listed_name for known in world.catalog.tools("shop")] == ["a"]
