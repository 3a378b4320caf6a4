"""`gate.yaml`."""

from __future__ import annotations

from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.read_settings import ADDRESS, LIMITS, ORIGIN, PERSON, SHA256
from mcp_gate.policy.read_webhooks import SLACK_CHANNEL, SLACK_TEAM, SLACK_USER
from mcp_gate.policy.schema.parts import (
    SHARED,
    VERSION,
    block,
    document,
    each,
    free,
    number,
    one_of,
    ref,
    text,
    truth,
    whole,
)


def settings_schema() -> JsonObject:
    """For the whole file."""
    address, token = text("host:port of this machine alone.", ADDRESS), text("SHA-256 of the token, in hex.", SHA256)
    level = whole(most=99)
    agent = {
        "owner": text("", PERSON), "allow_owner": truth(), "token_sha256": token,
        "autonomy": block({"initial": level, "max": level}),
    }  # fmt: skip
    keys = each(text("An OpenSSH public key."))
    slack = text("The user id in Slack.", SLACK_USER)
    reviewer = {"groups": each(ref("group")), "keys": keys, "token_sha256": token, "slack": slack}
    members = {
        "version": VERSION,
        "listen": block(
            {"mcp": address, "review": address, "review_url": text("What a TLS proxy makes of `review`.", ORIGIN)},
            about="Off unless set; local sockets are always there.",
        ),
        "store": one_of(["sqlite"]),
        "state_dir": text(),
        "agents": free(block(agent), "Without it any id is accepted over the local socket.", PERSON.pattern),
        "reviewers": free(block(reviewer), "Without it the user that runs the gate decides.", PERSON.pattern),
        "webhooks": each(_webhook()),
        "limits": block({name: whole(least=least, most=most) for name, (least, most) in LIMITS.items()}),
        "hold": block({"wait_sec": number(most=86_400), "heartbeat_sec": number(least=0.001, most=3600)}),
        "checkpoints": _checkpoints(),
    }
    return document("gate.yaml", block(members, ("version",)), {"group": SHARED["group"]})


def _checkpoints() -> JsonObject:
    members = {"file": text("An absolute path, best where nobody who can write the record can write.", "/.*"),
               "every_sec": whole(least=1, most=86_400)}  # fmt: skip
    return block(members, ("file",))


def _webhook() -> JsonObject:
    members = {
        "id": text("", PERSON), "url": text("", "https?://.+"), "secret": text(), "events": each(text()),
        "allow_private": truth(), "reviewers": each(text("Whom its links and callbacks may speak for.", PERSON)),
        "slack": text("A channel's id: news goes there, and buttons decide.", SLACK_CHANNEL), "token": text(),
        "team": text("The workspace whose answers count.", SLACK_TEAM),
    }  # fmt: skip
    return block(members, ("id",))
