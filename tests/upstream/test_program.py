"""What a process is made of, with real files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from mcp_gate.upstream import program
from mcp_gate.upstream.launch import Launch
from mcp_gate.upstream.link import Down
from mcp_gate.upstream.program import look


def written(path: Path, text: str = "true\n", mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def launch(folder: Path, *command: str, path: str = "", data: frozenset[str] = frozenset()) -> Launch:
    return Launch(command, {"PATH": path or str(folder / "bin")}, str(folder), data)


def digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def test_S188_the_program_is_the_one_that_the_childs_own_path_leads_to(tmp_path: Path) -> None:
    written(tmp_path / "first" / "server", "no program", 0o644)
    (tmp_path / "second" / "server").mkdir(parents=True)
    found = written(tmp_path / "third" / "server")
    seen = look(launch(tmp_path, "server", "-v", path=f"{tmp_path}/none:first:second:third"))
    assert seen.files == {str(found): digest("true\n")}
    assert seen.launch.command == (str(found), "-v")


def test_S188_arguments_that_name_files_belong_to_it_from_the_childs_directory(tmp_path: Path) -> None:
    written(tmp_path / "bin" / "run")
    written(tmp_path / "real.js", "a")
    (tmp_path / "server.js").symlink_to("real.js")
    written(tmp_path / "conf.json", "b", 0o600)
    written(tmp_path / "data.db", "c")
    os.mkfifo(tmp_path / "pipe")
    words = ("server.js", "--config=conf.json", "data.db", "pipe", "bin", ".", "", "absent", "x" * 5000, "a=conf.json")
    seen = look(launch(tmp_path, "run", *words, data=frozenset({"data.db"})))
    assert seen.files == {
        str(tmp_path / "bin" / "run"): digest("true\n"),
        str(tmp_path / "server.js"): digest("a"),
        str(tmp_path / "conf.json"): digest("b"),
    }


def test_S188_a_scripts_interpreter_belongs_to_it(tmp_path: Path) -> None:
    node = written(tmp_path / "bin" / "node", "elf")
    env = written(tmp_path / "bin" / "env", "elf")
    script = written(tmp_path / "cli", f"#!{env} -S A=1 node --flag\n")
    assert list(look(launch(tmp_path, "./cli")).files) == [str(script), str(env), str(node)]
    outer = written(tmp_path / "outer", "#! cli\n")
    assert list(look(launch(tmp_path, "./outer")).files) == [str(outer), str(script), str(env), str(node)]
    endless = written(tmp_path / "endless", f"#!{tmp_path}/endless\n")
    assert list(look(launch(tmp_path, "./endless")).files) == [str(endless)]


@pytest.mark.parametrize("missing", ["server", "./server", "bin", "./bin"])
def test_a_program_that_is_not_there_is_refused(tmp_path: Path, missing: str) -> None:
    (tmp_path / "bin").mkdir()
    with pytest.raises(Down) as caught:
        look(launch(tmp_path, missing))
    assert caught.value.detail == f"it cannot be started: {missing}: No such program"


def test_S188_a_file_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "bin" / "run")
    written(tmp_path / "a\x1b")
    (tmp_path / "a\udcff").write_text("")
    with pytest.raises(Down, match="cannot be started") as caught:
        look(launch(tmp_path, "run", "a\udcff"))
    assert caught.value.detail.endswith("its name is no UTF-8")
    real = os.open

    def deny(name: str, flags: int, *more: int) -> int:  # root may read everything
        if str(name).endswith("\x1b"):
            raise PermissionError(13, "Permission denied")
        return real(name, flags, *more)

    monkeypatch.setattr(program.os, "open", deny)
    with pytest.raises(Down) as caught:
        look(launch(tmp_path, "run", "a\x1b"))
    assert caught.value.detail == (
        f"it cannot be started: {tmp_path}/a⟨U+001B⟩ cannot be compared with what was accepted: Permission denied"
    )


def test_S188_a_file_written_or_replaced_after_the_look_was_touched(tmp_path: Path) -> None:
    server = written(tmp_path / "bin" / "run")
    seen = look(launch(tmp_path, "run"))
    assert seen.touched() == ""
    times = (server.stat().st_atime_ns, server.stat().st_mtime_ns)
    fresh = written(tmp_path / "fresh", "evil\n")
    os.utime(fresh, ns=times)
    fresh.replace(server)
    assert seen.touched() == str(server)
    server.unlink()
    assert seen.touched() == str(server)


def test_what_root_alone_could_write_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "bin" / "run")
    reads: list[object] = []
    real = hashlib.file_digest
    monkeypatch.setattr(program.hashlib, "file_digest", lambda *what: reads.append(what) or real(*what))

    def looks(uid: int, mode: int) -> int:
        file.chmod(mode)
        monkeypatch.setattr(program.os, "geteuid", lambda: file.stat().st_uid + uid)
        reads.clear()
        look(launch(tmp_path, "run"))
        look(launch(tmp_path, "run"))
        return len(reads)

    owner_is_root = file.stat().st_uid == 0
    assert looks(1, 0o755) == (1 if owner_is_root else 2)
    assert looks(1, 0o775) == 2
    assert looks(0, 0o755) == 2
