"""The schema, as numbered scripts. A script that was released is never edited: the next one is added."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from mcp_gate.store.database import Unavailable

APPLICATION_ID: Final = 0x6D637067
"""`mcpg`: tells a gate's database from any other file of SQLite's."""

SCRIPTS: Final[tuple[str, ...]] = (
    """
create table meta(k text primary key, v text not null);

create table snapshots(digest text primary key, id text not null, loaded_ts text not null);
create table policy_files(sha256 text primary key, body blob not null);
create table snapshot_files(digest text not null references snapshots(digest), path text not null,
  sha256 text not null references policy_files(sha256), primary key(digest, path));

create table pins(upstream text not null, tool text not null, tool_hash text not null, definition text not null,
  ts text not null, primary key(upstream, tool));

create table calls(id text primary key, ts text not null, agent text not null, session text not null,
  upstream text not null, method text not null, tool text not null, listed_name text not null, topic text not null,
  risk_tags text not null, arguments text not null, attributes text not null, claims text not null,
  tool_hash text not null, job_hash text not null, verdict text not null, snapshot text not null, state text not null,
  kept integer not null default 0, result blob);
create index calls_session on calls(session, ts);
create index calls_ts on calls(ts);
create index calls_dispatched on calls(id) where state = 'dispatched';

create table requests(id text primary key, call_id text not null unique references calls(id), kind text not null,
  status text not null, agent text not null, job_hash text not null, verdict text not null, snapshot text not null,
  tier text not null, grp text not null, needed integer not null, min_assurance text not null,
  on_timeout text not null, opened_ts text not null, due_ts text not null, escalate_ts text not null,
  claimed_by text not null, claimed_until text not null, attempts integer not null, consumed integer not null);
create index requests_job on requests(agent, job_hash);
create unique index requests_open on requests(agent, job_hash)
  where kind = 'gate' and consumed = 0 and status in ('pending', 'approved', 'rejected', 'expired');
create index requests_status on requests(status, due_ts);
create index requests_opened on requests(opened_ts, id);

create table decisions(request_id text not null references requests(id), n integer not null, decision text not null,
  reason text not null, approver_id text not null, decision_ts text not null, assurance text not null,
  nonce text not null, signature text, final integer not null,
  primary key(request_id, n), unique(request_id, approver_id));

create table executed(agent text not null, upstream text not null, tool text not null,
  primary key(agent, upstream, tool));
create table failures(agent text not null, job_hash text not null, n integer not null, primary key(agent, job_hash));

create table audit(seq integer primary key, ts text not null, event text not null, call_id text, request_id text,
  body text not null, prev_hash text not null, hash text not null);
create index audit_call on audit(call_id) where call_id is not null;
create index audit_request on audit(request_id) where request_id is not null;
create trigger audit_never_updated before update on audit begin select raise(abort, 'the record is append-only'); end;
create trigger audit_never_deleted before delete on audit begin select raise(abort, 'the record is append-only'); end;
""",
    "alter table calls add column signals text not null default '{}'",
    "create index audit_judged on audit(seq) where event in ('request.decided', 'sample.reviewed')",
    """
alter table requests add column escalate_to text not null default 'escalation';
alter table requests add column escalated_ts text not null default '';
alter table requests add column escalated_from text not null default '';

create table staged_decisions(request_id text not null references requests(id), n integer not null,
  decision text not null, reason text not null, approver_id text not null, decision_ts text not null,
  assurance text not null, nonce text not null, signature text, final integer not null, stage integer not null,
  primary key(request_id, n), unique(request_id, stage, approver_id));
insert into staged_decisions(request_id, n, decision, reason, approver_id, decision_ts, assurance, nonce, signature,
  final, stage)
  select request_id, n, decision, reason, approver_id, decision_ts, assurance, nonce, signature, final, 1
  from decisions;
drop table decisions;
alter table staged_decisions rename to decisions;
""",
    """
create table levels(agent text primary key, level integer not null, since text not null, successes integer not null,
  errors integer not null, violations integer not null);
create index audit_levels on audit(seq) where event = 'agent.level_changed';
""",
    """
create table kept_decisions as select * from decisions;
drop table decisions;
create table wider_requests(id text primary key, call_id text not null references calls(id), kind text not null,
  status text not null, agent text not null, job_hash text not null, verdict text not null, snapshot text not null,
  tier text not null, grp text not null, needed integer not null, min_assurance text not null,
  on_timeout text not null, opened_ts text not null, due_ts text not null, escalate_ts text not null,
  claimed_by text not null, claimed_until text not null, attempts integer not null, consumed integer not null,
  escalate_to text not null default 'escalation', escalated_ts text not null default '',
  escalated_from text not null default '', unique(call_id, kind));
insert into wider_requests(id, call_id, kind, status, agent, job_hash, verdict, snapshot, tier, grp, needed,
  min_assurance, on_timeout, opened_ts, due_ts, escalate_ts, claimed_by, claimed_until, attempts, consumed, escalate_to,
  escalated_ts, escalated_from)
  select id, call_id, kind, status, agent, job_hash, verdict, snapshot, tier, grp, needed, min_assurance, on_timeout,
  opened_ts, due_ts, escalate_ts, claimed_by, claimed_until, attempts, consumed, escalate_to, escalated_ts,
  escalated_from from requests;
drop table requests;
alter table wider_requests rename to requests;
create index requests_job on requests(agent, job_hash);
create unique index requests_open on requests(agent, job_hash)
  where kind = 'gate' and consumed = 0 and status in ('pending', 'approved', 'rejected', 'expired');
create index requests_status on requests(status, due_ts);
create index requests_opened on requests(opened_ts, id);
create table decisions(request_id text not null references requests(id), n integer not null,
  decision text not null, reason text not null, approver_id text not null, decision_ts text not null,
  assurance text not null, nonce text not null, signature text, final integer not null, stage integer not null,
  primary key(request_id, n), unique(request_id, stage, approver_id));
insert into decisions(request_id, n, decision, reason, approver_id, decision_ts, assurance, nonce, signature, final,
  stage)
  select request_id, n, decision, reason, approver_id, decision_ts, assurance, nonce, signature, final, stage
  from kept_decisions;
drop table kept_decisions;
""",
    "create index calls_agent on calls(agent, ts)",
    """
create table freer_decisions(request_id text not null references requests(id), n integer not null,
  decision text not null, reason text not null, approver_id text not null, decision_ts text not null,
  assurance text not null, nonce text not null, signature text, final integer not null, stage integer not null,
  primary key(request_id, n), unique(request_id, stage, approver_id, decision));
insert into freer_decisions(request_id, n, decision, reason, approver_id, decision_ts, assurance, nonce, signature,
  final, stage)
  select request_id, n, decision, reason, approver_id, decision_ts, assurance, nonce, signature, final, stage
  from decisions;
drop table decisions;
alter table freer_decisions rename to decisions;
""",
    "create table stops(agent text primary key)",
    """
drop index calls_session;
create index calls_session on calls(session, agent, ts);
create index requests_pending on requests(agent, status, kind) where status = 'pending' and kind = 'gate';
""",
    """
alter table requests add column asked text not null default '';

create table bound_decisions(request_id text not null references requests(id), n integer not null,
  decision text not null, reason text not null, approver_id text not null, decision_ts text not null,
  assurance text not null, nonce text not null, signature text, final integer not null, stage integer not null,
  job_hash text not null default '',
  primary key(request_id, n), unique(request_id, stage, approver_id, decision, job_hash));
insert into bound_decisions(request_id, n, decision, reason, approver_id, decision_ts, assurance, nonce, signature,
  final, stage)
  select request_id, n, decision, reason, approver_id, decision_ts, assurance, nonce, signature, final, stage
  from decisions;
drop table decisions;
alter table bound_decisions rename to decisions;
""",
    """
create table webhooks(id text primary key, seq integer not null, delivered integer not null default 0,
  delivered_ts text not null default '');
create table webhook_messages(n integer primary key, webhook text not null, id text not null, kind text not null,
  request_id text not null, body text not null, state text not null, attempts integer not null, due_ts text not null,
  error text not null, created_ts text not null);
create index webhook_messages_due on webhook_messages(webhook, state, due_ts);
create table used(kind text not null, id text not null, until_ts text not null, primary key(kind, id));
""",
    """
alter table requests add column assigned_to text not null default '';
create index requests_assigned on requests(assigned_to) where status = 'pending' and assigned_to <> '';
create index requests_unassigned on requests(grp, opened_ts, id)
  where status = 'pending' and assigned_to = '' and kind in ('gate', 'quarantine');
create index requests_second on requests(opened_ts) where kind = 'second_review';
create index requests_promotion on requests(agent, opened_ts) where kind = 'promotion';
alter table decisions add column said_ts text not null default '';
update decisions set said_ts = decision_ts;
create index decisions_said on decisions(approver_id, said_ts);
create index decisions_final on decisions(said_ts) where final = 1;
""",
    "create index requests_approved on requests(agent, opened_ts) where kind = 'gate' and status = 'approved'",
    """
create index requests_waiting on requests(grp, opened_ts, escalated_ts) where status = 'pending' and kind = 'gate';
create index decisions_time on decisions(said_ts);
""",
    "alter table decisions add column statement text not null default ''",
    """
alter table calls add column parent text not null default '';
alter table calls add column step text not null default '';
create index calls_parent on calls(parent, step) where parent <> '';
create index calls_runs on calls(agent, job_hash) where method = 'workflow/run';
create table workflow_steps(run text not null, step text not null, entry text not null, primary key(run, step));
""",
    """
create table slack_messages(webhook text not null, request_id text not null, channel text not null, ts text not null,
  primary key(webhook, request_id));
""",
    """
create table tokens(agent text not null, session text not null, token text not null, entity text not null,
  sealed blob not null, expires_ts text not null, primary key(agent, session, token));
create index tokens_expire on tokens(expires_ts);
""",
    """
create table mistakes(request_id text not null, n integer not null, ts text not null, approver_id text not null,
  entity text not null, sealed blob not null, primary key(request_id, n));
""",
    "alter table requests add column extended text not null default ''",
    "create index requests_looks on requests(grp, call_id) where kind = 'second_review' and status = 'pending'",
)


def version(connection: sqlite3.Connection) -> int:
    """The schema's version; 0 for an empty file. Rows are dicts, as `file.connect` makes them.

    Raises:
        Unavailable: the file belongs to another program, or to a newer gate.
        sqlite3.Error: it cannot be read.
    """
    application = connection.execute("pragma application_id").fetchone()["application_id"]
    have = int(connection.execute("pragma user_version").fetchone()["user_version"])
    tables = connection.execute("select count(*) as n from sqlite_schema").fetchone()["n"]
    if application not in (0, APPLICATION_ID) or (application == 0 and (tables or have)):
        raise Unavailable("the database is not a gate's: it was left as it is")
    if have > len(SCRIPTS):
        raise Unavailable(
            f"the database has schema {have} and this gate knows {len(SCRIPTS)}: "
            "it was written by a newer mcp-gate; run that one, it was left as it is"
        )
    return have


def check(connection: sqlite3.Connection) -> None:
    """For readers: the schema must be the one that this gate writes.

    Raises:
        Unavailable: it is not.
        sqlite3.Error: it cannot be read.
    """
    have = version(connection)
    if have != len(SCRIPTS):
        raise Unavailable(f"the database has schema {have}, not {len(SCRIPTS)}: start the gate once to convert it")


def migrate(connection: sqlite3.Connection, scripts: Sequence[str] = SCRIPTS) -> None:
    """Bring the schema up to date, whole or not at all.

    Raises:
        Unavailable: as `version`.
        sqlite3.Error: a script failed; nothing was changed.
    """
    connection.execute("begin immediate")
    try:
        for number, script in enumerate(scripts[version(connection) :], version(connection) + 1):
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"pragma user_version = {number}")
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


def _statements(script: str) -> list[str]:
    """Split at semicolons that end a statement; a trigger holds some that do not."""
    out: list[str] = []
    held = ""
    for part in script.split(";"):
        held += part + ";"
        if sqlite3.complete_statement(held):
            if held.strip(" \n;"):
                out.append(held)
            held = ""
    return out
