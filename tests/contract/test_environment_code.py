"""The hash of the code that measures."""

import os
from pathlib import Path

import pytest

from breakeven.runner.environment import code, machine, own_code, repository


def _folder(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / "one.py").write_text("1")
    (tmp_path / "inner" / "two.py").write_text("2")
    return tmp_path


def test_every_change_of_a_file_is_another_code(tmp_path: Path) -> None:
    """Contents, names and places count; what is no Python file, and when a file was written, do not."""
    folder = _folder(tmp_path)
    found = [own_code(folder)]
    (folder / "notes.txt").write_text("x")
    os.utime(folder / "one.py", (1, 1))
    assert own_code(folder) == found[0]
    (folder / "one.py").write_text("3")
    found.append(own_code(folder))
    (folder / "inner" / "two.py").rename(folder / "two.py")
    found.append(own_code(folder))
    (folder / "more.py").write_text("")
    found.append(own_code(folder))
    assert len(set(found)) == 4


def test_files_are_read_again_only_where_they_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run asks; the times and sizes of the files answer."""
    folder = _folder(tmp_path)
    first = own_code(folder)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("read again"))
    assert own_code(folder) == first


def test_git_is_asked_once_for_each_state_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run does not pay for it, a changed measured side does."""
    asked: list[str] = []

    def own_repository() -> tuple[str, bool]:
        asked.append("git")
        return "abc", len(asked) > 1

    codes = iter(["one", "one", "two"])
    machine.repository_at.cache_clear()
    monkeypatch.setattr(repository, "own_repository", own_repository)
    monkeypatch.setattr(machine, "own_code", lambda: next(codes))
    found = [machine.machine_facts() for _ in range(3)]
    machine.repository_at.cache_clear()
    assert [facts["dirty"] for facts in found] == [False, False, True]
    assert len(asked) == 2
    assert code.MEASURED_SIDE.name == "cell"
