"""Whether this machine can hold the upstreams in the sandboxes that they are to have."""

from __future__ import annotations

from dataclasses import replace

from mcp_gate.model.config import ConfigError, Enforcement, Problem
from mcp_gate.policy.load import Loaded, by_place
from mcp_gate.upstream.sandbox import hindrance


def confined(loaded: Loaded) -> Loaded:
    """The same, with a warning for every upstream that runs without its sandbox because that is only advice.

    Raises:
        ConfigError: one must have a sandbox and cannot.
    """
    wanted = {spec.id: spec.sandbox for spec in loaded.upstreams.values() if spec.sandbox is not None}
    why = hindrance() if wanted else ""
    if not why:
        return loaded
    hint = "mend that, or write enforcement: advisory"
    errors = [
        Problem(sandbox.place, f"'{id_}' cannot be held in a sandbox: {why}", hint)
        for id_, sandbox in wanted.items()
        if sandbox.enforcement is Enforcement.STRICT
    ]
    if errors:
        raise ConfigError(tuple(errors))
    hint = "mend that; until then only hosts in arguments are checked"
    warnings = (
        Problem(sandbox.place, f"'{id_}' runs without its sandbox: {why}", hint) for id_, sandbox in wanted.items()
    )
    return replace(
        loaded,
        warnings=tuple(sorted((*loaded.warnings, *warnings), key=by_place)),
        unconfined=dict.fromkeys(wanted, why),
    )
