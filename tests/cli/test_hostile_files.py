"""Files that were written to do harm, or by mistake, under a real `serve`: it refuses in time, and says why."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.lines import an_agent, verdict
from support.running import EVERYTHING_MAPPED, Place, place, serving, wait_for
from support.upstreams import Probe

ROOT = os.geteuid() == 0
"""Only root can give files away; to everybody else tests/gate/test_trust.py says what they need to know."""
STRANGER = 12345
MOST_CPU_SEC = 5.0
MOST_MB = 300.0


@dataclass(frozen=True)
class Ran:
    """What one command did, and what it took."""

    code: int
    cpu_sec: float
    mb: float
    out: str
    err: str


MEASURED = """
import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[2:])
_, status, used = os.wait4(process.pid, 0)
figures = os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
with open(sys.argv[1], "w") as told:
    json.dump(figures, told)
"""
"""A process in between: the most memory of one counts from before it became another program, when it was its parent."""


def ran(where: Place, *command: str) -> Ran:
    """One command to its end, measured. Time is the processor's: other work on the machine does not count."""
    out, err, told = (where.state.parent / name for name in ("out", "err", "told"))
    line = [sys.executable, "-S", "-c", MEASURED, str(told), sys.executable, "-m", "mcp_gate", *command]
    with out.open("wb") as one, err.open("wb") as two:
        process = subprocess.Popen(
            [*line, *where.arguments], stdin=subprocess.DEVNULL, stdout=one, stderr=two, start_new_session=True
        )
        alarm = threading.Timer(30, os.killpg, (process.pid, signal.SIGKILL))
        alarm.start()
        process.wait()
        alarm.cancel()
    return Ran(*_figures(told.read_text()), out.read_text(), err.read_text())


def _figures(told: str) -> tuple[int, float, float]:
    code, cpu_sec, mb = json.loads(told)
    return code, cpu_sec, mb


def refused(where: Place) -> str:
    """What a start that is refused says; it left nothing behind and took little."""
    done = ran(where, "serve")
    assert done.code == 2, done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    assert done.cpu_sec < MOST_CPU_SEC
    assert done.mb < MOST_MB
    assert not where.state.exists()
    return done.err


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Place]:
    program, *args = Probe(tmp_path).command
    with place({"probe": {"command": program, "args": args, **EVERYTHING_MAPPED}}) as found:
        yield found


def rule(text: str) -> str:
    return f"version: v1\nrules:\n  - {{ id: r00, match: {{ topics: ['*'] }}, {text} }}\n"


# ---- what is written


WRITTEN = {
    "S063 key twice": (
        "version: v1\nrules:\n  - id: r00\n    decision: deny\n    match: { topics: ['*'] }\n    decision: allow\n",
        "6:5: the key 'decision' stands here again; first at line 4",
    ),
    "S065 decison": (rule("decison: deny"), "3:42: unknown key 'decison'; did you mean 'decision'?"),
    "S065 topcs": (
        "version: v1\nrules:\n  - { id: r00, match: { topcs: [x] }, decision: deny }\n",
        "3:25: unknown key 'topcs'; did you mean 'topics'?",
    ),
    "S065 constraint": (
        rule("decision: allow, constraints: { max_calls: 3 }"), "3:74: unknown key 'max_calls'; use one of: max_",
    ),
    "S065 section": ("version: v1\nguards: []\n", "2:1: unknown key 'guards'"),
    "S066 no": (rule("decision: no"), "3:52: 'no' is not a decision"),
    "S066 yes": (rule("decision: yes"), "3:52: 'yes' is not a decision"),
    "S066 null": (rule("decision: null"), "3:52: this needs a decision, and has no value"),
    "S066 nothing": (rule("decision: "), "3:53: this needs a decision, and has no value"),
    "S066 blank": (rule("decision: 'ALLOW '"), "3:52: 'ALLOW ' is not a decision; did you mean 'allow'?"),
    "S066 case": (
        rule("decision: Require-Approval"), "'Require-Approval' is not a decision; did you mean 'require_approval'?",
    ),
    "S068 aliases": (
        "version: v1\na: &a [x]\n"
        + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in itertools.pairwise("abcdefghi")),
        "2:4: an anchor (&a)",
    ),
    "S068 recursive": ("version: v1\nrules: &r [*r]\n", "2:8: an anchor (&r)"),
    "S068 deep": ("version: v1\nrules: " + "[" * 3000 + "]" * 3000, "nested deeper than 20"),
    "S068 large": ("version: v1\n" + "# filler\n" * 1_200_000, "1:1: the file is larger than 1048576 bytes"),
    "S069 python": ("version: v1\nrules: !!python/object/apply:os.system ['touch owned']\n", "2:8: a tag ("),
    "S069 binary": (rule("decision: !!binary ZGVueQ=="), "3:52: a tag ("),
    "S069 custom": (rule("decision: !mine deny"), "3:52: a tag (!mine)"),
    "S069 documents": ("version: v1\nrules: []\n---\nrules: []\n", "3:1: a second document starts here"),
    "S070 reordering": ("version: v1\nru\u202eles: []\n", "2:3: the character U+202E (RIGHT-TO-LEFT OVERRIDE)"),
    "S070 no break": ("version: v1\nru\u00a0les: []\n", "2:1: the key 'ru⟨U+00A0⟩les' holds U+00A0"),
    "S070 cyrillic": ("version: v1\nrul\u0435s: []\n", "2:1: the key 'rulеs' holds U+0435 (CYRILLIC SMALL LETTER IE)"),
    "S073 nothing": ("", "1:1: the file is empty"),
    "S078 text": (rule("decision: allow, constraints: { max_runtime_sec: '900' }"), "'900' is a text, not a number"),
    "S078 zero": (rule("decision: allow, constraints: { max_runtime_sec: 0 }"), "0 is out of range"),
    "S078 negative": (rule("decision: allow, constraints: { max_runtime_sec: -5 }"), "-5 is out of range"),
    "S078 exponent": (rule("decision: allow, constraints: { max_runtime_sec: 1e9 }"), "'1e9' is not a plain number"),
    "S078 ages": (rule("decision: allow, constraints: { max_runtime_sec: 1000000000 }"), "is out of range"),
    "S078 elsewhere": (rule("decision: allow, constraints: { approvals: 2 }"), "unknown key 'approvals'; use one of"),
    "S078 list": (rule("decision: allow, constraints: { network_allowlist: a.com }"), "this needs a list"),
}  # fmt: skip
"""By id of the battery: what a document says, and the error after its name."""


def test_S063_S065_S066_S068_S069_S070_S078_every_document_that_is_none_is_told_and_nothing_starts(
    gate: Place,
) -> None:
    names = {id: f"policies/{id.replace(' ', '-')}.yaml" for id in WRITTEN}
    for number, (id, (text, _)) in enumerate(WRITTEN.items()):
        (gate.config / names[id]).write_text(text.replace("id: r00", f"id: r{number:02}"))
    lines = refused(gate).splitlines()
    for id, (_, error) in WRITTEN.items():
        told = [line for line in lines if line.startswith(f"{names[id]}:")]
        assert any(error in line for line in told), (id, told)
        assert all("; " in line for line in told)
    assert not Path("owned").exists()
    assert len(lines) < 2 * len(WRITTEN)


def test_S068_twenty_thousand_rules_load_in_five_seconds_and_300_mb(gate: Place) -> None:
    line = "  - {{ id: r{0}, match: {{ topics: ['job.area{0}.*'], risk_tags: [read] }}, decision: require_approval }}\n"
    for part in range(4):
        rules = "".join(line.format(n) for n in range(part * 5000, part * 5000 + 5000))
        (gate.config / "policies" / f"{part}.yaml").write_text(f"version: v1\nrules:\n{rules}")
    with serving(gate) as process:
        about = Path(f"/proc/{process.pid}")
        spent = sum(map(int, (about / "stat").read_text().rpartition(") ")[2].split()[11:13]))
        assert spent / os.sysconf("SC_CLK_TCK") < MOST_CPU_SEC
        assert int((about / "status").read_text().split("VmHWM:")[1].split()[0]) / 1024 < MOST_MB
        with an_agent(gate.state) as agent:
            assert not verdict(agent.call("probe_echo"))
        assert gate.records()[0]["data"] == {"files": 6}


# ---- what it is written in


def _fifo(at: Path) -> None:
    at.unlink()
    os.mkfifo(at)


def test_S073_what_is_no_plain_file_is_refused_at_once(gate: Place) -> None:
    _fifo(gate.config / "upstreams.yaml")
    (gate.config / "gate.yaml").mkdir()
    (gate.config / "policies" / "stdin.yaml").symlink_to("/proc/self/fd/0")
    (gate.config / "policies" / "zero.yaml").symlink_to("/dev/zero")
    assert refused(gate).splitlines() == [
        "upstreams.yaml:1:1: the file cannot be read: it is not a regular file; make it a plain file",
        "gate.yaml:1:1: the file cannot be read: it is not a regular file; make it a plain file",
        "policies/stdin.yaml:1:1: the file cannot be read: it is a symbolic link; make it a plain file",
        "policies/zero.yaml:1:1: the file cannot be read: it is a symbolic link; make it a plain file",
    ]


def test_S073_what_is_no_text_is_refused_at_once(gate: Place) -> None:
    (gate.config / "upstreams.yaml").write_bytes(b"")
    (gate.config / "gate.yaml").write_bytes(b"version: v1\n# \xff\xfe\n")
    assert refused(gate).splitlines() == [
        "gate.yaml:2:3: the file is not valid UTF-8; save it as UTF-8",
        "upstreams.yaml:1:1: the file is empty; write 'version: v1' and at least one section, or remove it",
    ]


@pytest.mark.parametrize("path", ["/dev/zero", "/proc/self/fd/0"])
def test_S073_what_is_no_folder_is_no_gate_directory(tmp_path: Path, path: str) -> None:
    assert "there is no gate directory" in refused(Place(Path(path), tmp_path / "state"))


# ---- whose it is


def test_S071_S072_what_others_may_write_is_refused_at_the_start(gate: Place) -> None:
    for file in ("upstreams.yaml", "policies/rules.yaml"):
        (gate.config / file).chmod(0o600)
    changed = [gate.config.parent, gate.config, gate.config / "policies"]
    for folder in changed:
        folder.chmod(0o777)
    (gate.config / "gate.yaml").write_text("version: v1\n")
    (gate.config / "gate.yaml").chmod(0o666)
    told = refused(gate).splitlines()
    assert [line.partition(":1:1: others may write it (mode 0")[::2] for line in told] == [
        (str(gate.config.parent), "777); take that away: chmod go-w"),
        (str(gate.config), "777); take that away: chmod go-w"),
        ("gate.yaml", "666); take that away: chmod go-w"),
        ("policies", "777); take that away: chmod go-w"),
    ]


def test_S071_S072_what_belongs_to_another_user_is_refused_at_the_start(gate: Place) -> None:
    if not ROOT:
        return
    names = [str(gate.config.parent), str(gate.config), "policies", "upstreams.yaml", "policies/rules.yaml"]
    for name in names:
        os.chown(gate.config / name, STRANGER, STRANGER)
    told = refused(gate).splitlines()
    assert sorted(line.partition(":1:1: it belongs to another user (uid 12345); chown it")[0] for line in told) == (
        sorted(names)
    )


def test_S071_a_gate_of_another_user_trusts_what_root_wrote(gate: Place) -> None:
    """The hardened set-up, in which neither agents nor the gate can write the policy."""
    if not ROOT:
        return
    gate.config.parent.chmod(0o755)
    code = (
        "import os, sys; from pathlib import Path; from mcp_gate.gate.directory import read_directory\n"
        "os.setuid(12345); print(*read_directory(Path(sys.argv[1])))"
    )
    done = subprocess.run([sys.executable, "-c", code, gate.config], capture_output=True, text=True, check=False)
    assert done.stdout == "upstreams.yaml policies/rules.yaml\n", done.stderr


def test_S076_no_rules_are_served_hold_everything_and_warn(gate: Place) -> None:
    (gate.config / "policies" / "rules.yaml").write_text("version: v1\nrules: []\n")
    with serving(gate), an_agent(gate.state) as agent:
        agent.begin("probe_echo")
        wait_for(lambda: list(gate.review().requests()))
    assert "there are no rules: every call is held" in (gate.config.parent / "serve.log").read_text()


# ---- secrets


def test_S081_a_literal_secret_is_warned_of_and_printed_nowhere(gate: Place) -> None:
    found = json.loads((gate.config / "upstreams.yaml").read_text())
    found["upstreams"]["probe"]["env"] = {"SHOP_TOKEN": "Tr0ub4dor", "OTHER": "${env:NOT_SET_ANYWHERE}"}
    (gate.config / "upstreams.yaml").write_text(json.dumps(found))
    with serving(gate), an_agent(gate.state) as agent:
        agent.begin("probe_echo")
        wait_for(lambda: "NOT_SET_ANYWHERE" in gate.run("upstreams", "list").stdout)
        said = [gate.run(*line) for line in (("status",), ("upstreams", "list"), ("policy", "check"))]
    said += [gate.run("audit", "export"), gate.run("audit", "tail")]
    shown = "".join(done.stdout + done.stderr for done in said) + (gate.config.parent / "serve.log").read_text()
    assert "looks like a secret" in shown
    assert "the environment variable NOT_SET_ANYWHERE is not set" in shown
    assert "Tr0ub4dor" not in shown


# ---- names of policies


def test_S082_the_same_files_have_the_same_name_everywhere_and_the_name_finds_the_text(gate: Place) -> None:
    names = {json.loads(gate.run("policy", "check", "--json", env=env).stdout)["policy_snapshot"] for env in _worlds()}
    text = (gate.config / "policies" / "rules.yaml").read_text()
    with serving(gate), an_agent(gate.state) as agent:
        agent.call("probe_echo")
    (gate.config / "policies" / "rules.yaml").write_text(text + "# changed since\n")
    with serving(gate):
        pass
    decided = next(record for record in gate.records() if record["event"] == "call.decided")
    assert names == {decided["policy_snapshot"]}
    kept = json.loads(gate.run("audit", "show", decided["policy_snapshot"], "--json").stdout)
    assert kept["files"] == {
        "upstreams.yaml": (gate.config / "upstreams.yaml").read_text(), "policies/rules.yaml": text,
    }  # fmt: skip
    shown = gate.run("audit", "show", decided["policy_snapshot"]).stdout
    assert f"== policies/rules.yaml\n{text}" in shown
    assert "changed since" not in shown


def _worlds() -> list[dict[str, str]]:
    return [{**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": lang} for seed, lang in (("1", "C"), ("2", "C.UTF-8"))]
