"""The commit of the source that ran: in real repositories, and where git cannot tell."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from breakeven.runner import environment
from breakeven.runner.environment import repository

needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with one commit of two files and an ignored folder; settings of the user do not reach it."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    folder = tmp_path / "their"
    (folder / "venv").mkdir(parents=True)
    for name, text in {
        "mine.py": "a",
        "other.py": "b",
        ".gitignore": "venv",
        "venv/installed.py": "c",
    }.items():
        (folder / name).write_text(text)
    _git(folder, "init", "--quiet")
    _git(folder, "add", ".")
    _commit(folder)
    return folder


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _commit(folder: Path) -> None:
    _git(folder, "commit", "--quiet", "--message", "m")


@needs_git
def test_a_tracked_file_has_a_commit(checkout: Path) -> None:
    """The commit is the one that is checked out; an edit of any tracked file makes it dirty, a new file does not."""
    head, mine = _git(checkout, "rev-parse", "HEAD"), (checkout / "mine.py",)
    (checkout / "new.py").write_text("")
    assert repository.read_state(mine) == (head, False)
    (checkout / "other.py").write_text("edited")
    assert repository.read_state(mine) == (head, True)
    _git(checkout, "add", "other.py")
    assert repository.read_state(mine) == (head, True)
    _commit(checkout)
    after = _git(checkout, "rev-parse", "HEAD")
    assert after != head
    assert repository.read_state(mine) == (after, False)


@needs_git
@pytest.mark.parametrize(
    "names",
    [(), ("venv/installed.py",), ("new.py",), ("mine.py", "new.py"), ("mine.py", "../beside.py"), ("absent/file.py",)],
)  # fmt: skip
def test_files_that_are_not_tracked_have_no_commit(checkout: Path, names: tuple[str, ...]) -> None:
    """Installed into somebody's repository, not yet added, outside, or not there: no commit tells what they hold."""
    for place in (checkout / "new.py", checkout.parent / "beside.py"):
        place.write_text("")
    assert repository.read_state(tuple((checkout / name).resolve() for name in names)) == (None, None)


@needs_git
def test_files_of_two_repositories_have_no_commit(checkout: Path) -> None:
    """One commit could not name both."""
    inner = checkout / "venv" / "inner"
    inner.mkdir()
    (inner / "file.py").write_text("")
    _git(inner, "init", "--quiet")
    _git(inner, "add", ".")
    _commit(inner)
    assert repository.read_state((inner / "file.py",))[0] is not None
    assert repository.read_state((checkout / "mine.py", inner / "file.py")) == (None, None)


@needs_git
def test_before_the_first_commit_there_is_none(tmp_path: Path) -> None:
    """What was added but never committed is a change."""
    (tmp_path / "mine.py").write_text("")
    _git(tmp_path, "init", "--quiet")
    _git(tmp_path, "add", ".")
    assert repository.read_state((tmp_path / "mine.py",)) == (None, True)


@needs_git
def test_a_name_with_a_pattern_in_it_is_a_name(checkout: Path) -> None:
    """An untracked file is not taken for a tracked one that its name would match as a pattern."""
    (checkout / "[mo]*.py").write_text("")
    assert repository.read_state((checkout / "[mo]*.py",)) == (None, None)


@needs_git
def test_variables_of_a_hook_do_not_mislead(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What git sets for the hooks of one repository does not hide another."""
    monkeypatch.setenv("GIT_DIR", str(checkout.parent / "absent"))
    monkeypatch.setenv("GIT_WORK_TREE", str(checkout.parent))
    assert repository.read_state((checkout / "mine.py",))[1] is False


@needs_git
def test_the_state_of_a_users_files_is_asked_once(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However they are written, relative or through a link, and whatever happens to them later."""
    first = environment.repository_of([checkout / "mine.py"])
    (checkout / "mine.py").write_text("edited")
    (checkout.parent / "link").symlink_to(checkout)
    monkeypatch.chdir(checkout)
    assert first == (_git(checkout, "rev-parse", "HEAD"), False)
    assert environment.repository_of([Path("mine.py")]) == first
    assert environment.repository_of([checkout.parent / "link" / "mine.py"]) == first
    assert environment.repository_of([]) == (None, None)


@needs_git
def test_this_project_is_found_where_it_is_tracked(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own file decides, for each run anew; installed within somebody's repository it has no commit."""
    monkeypatch.setattr(repository, "_OWN", checkout / "mine.py")
    assert repository.own_repository() == (_git(checkout, "rev-parse", "HEAD"), False)
    (checkout / "mine.py").write_text("edited")
    assert repository.own_repository()[1] is True
    monkeypatch.setattr(repository, "_OWN", checkout / "venv" / "installed.py")
    assert repository.own_repository() == (None, None)


@pytest.mark.parametrize("script", ["exit 128", "sleep 5", None])
def test_git_that_fails_hangs_or_is_missing_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None
) -> None:
    """It refuses (owner unknown, too old), hangs on a dead file server, or is not installed: no commit is told."""
    if script is not None:
        _program(
            tmp_path / "git", f"PATH={os.environ['PATH']}\nexec {script}" if "sleep" in script else script
        )
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(repository, "_PATIENCE_S", 0.2)
    assert repository.read_state((Path(__file__),)) == (None, None)


def test_git_that_cannot_be_executed_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of that name that is no program."""
    (tmp_path / "git").write_bytes(b"\x7fELF but not really")
    (tmp_path / "git").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert repository.read_state((Path(__file__),)) == (None, None)


def test_git_takes_no_locks_and_starts_no_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's own git in the same folder is never blocked, and nothing runs on beside the measurement."""
    _program(tmp_path / "git", f'echo "$GIT_OPTIONAL_LOCKS $*" >> {tmp_path}/calls')
    monkeypatch.setenv("PATH", str(tmp_path))
    repository.read_state((Path(__file__),))
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.split()[6] for call in calls] == ["ls-files", "status"]
    assert all(call.startswith("0 --literal-pathspecs -c core.fsmonitor=false -C ") for call in calls)


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(stat.S_IRWXU)
