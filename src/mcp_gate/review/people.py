"""Who may decide: the reviewers of a gate and the groups they are in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcp_gate.model.config import GateSettings
from mcp_gate.model.decision import Assurance
from mcp_gate.model.key import PublicKey

EVERYBODYS_GROUP = "default"
"""Where requests go without `routing`; every reviewer is in it."""


@dataclass(frozen=True, slots=True)
class Person:
    """A reviewer as the operator enrolled him."""

    id: str
    groups: frozenset[str] | None
    """None: every group there is."""
    keys: tuple[PublicKey, ...] = ()
    """What proves his word, as it is enrolled now."""

    @property
    def sees(self) -> frozenset[str] | None:
        """The groups whose requests are his to decide; None: all."""
        return None if self.groups is None else self.groups | {EVERYBODYS_GROUP}

    def decides_for(self, group: str) -> bool:
        """Whether requests of a group are his to decide."""
        return self.sees is None or group in self.sees


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person who is there now, and how he proved that he is who he says."""

    person: Person
    assurance: Assurance
    channel: str = ""
    """What brought his word, where he was not there himself."""

    @property
    def id(self) -> str:
        return self.person.id


@dataclass(frozen=True, slots=True)
class People:
    """All reviewers of a gate, by id."""

    persons: Mapping[str, Person]

    @classmethod
    def of(cls, settings: GateSettings, operator: str) -> People:
        """The reviewers of gate.yaml; without that section the user who runs the gate, in every group."""
        if settings.reviewers is None:
            return cls({operator: Person(operator, None)})
        return cls({spec.id: Person(spec.id, spec.groups, spec.keys) for spec in settings.reviewers.values()})

    def find(self, reviewer_id: str) -> Person | None:
        """The person with an id, or None if nobody has it."""
        return self.persons.get(reviewer_id)

    def decides_for(self, reviewer_id: str, group: str) -> bool:
        """Whether there is such a reviewer and he is in the group."""
        person = self.find(reviewer_id)
        return person is not None and person.decides_for(group)
