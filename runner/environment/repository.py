"""Which source ran: the commit of its repository, according to git."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

State = tuple[str | None, bool | None]
"""The commit, and whether tracked files differ from it; both None if no repository tracks the files."""

_PATIENCE_S = 10
_OWN = Path(__file__)
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX")


def own_repository() -> State:
    """Return the current state of the repository this project runs from; not cached."""
    return read_state((_OWN.resolve(),))


def repository_of(files: Sequence[Path]) -> State:
    """Return the state of the one repository that tracks all ``files``, as it was when first asked for them.

    It is read once: the repository may be large, and the hash of the files is taken once a sweep as well.
    Both are None if a file is not tracked, the files are of several repositories, or git is missing or
    refuses.
    """
    return _state_once(tuple(file.resolve() for file in files))


@cache
def _state_once(files: tuple[Path, ...]) -> State:
    return read_state(files)


def read_state(files: tuple[Path, ...]) -> State:
    """Ask git now; a file that merely lies inside a repository, as in site-packages, does not count as its own."""
    if not files or _git(files[0].parent, "ls-files", "--error-unmatch", "--", *map(str, files)) is None:
        return None, None
    status = _git(
        files[0].parent, "status", "--porcelain=v2", "--branch", "--no-ahead-behind", "--untracked-files=no"
    )
    return (None, None) if status is None else _read_status(status)


def _read_status(status: str) -> State:
    """Read git-status(1), porcelain format version 2: headers begin with a hash sign, other lines are changes."""
    lines = status.splitlines()
    commits = (line.removeprefix("# branch.oid ") for line in lines if line.startswith("# branch.oid "))
    commit = next(commits, "(initial)")
    return None if commit == "(initial)" else commit, any(not line.startswith("#") for line in lines)


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git prints about ``folder``; None if it is missing, fails, refuses or hangs.

    It takes no locks, starts no daemon that would run on beside the measurement, and ignores variables that
    point to another repository, as those of a hook do.
    """
    program = shutil.which("git")
    if program is None:
        return None
    command = [program, "--literal-pathspecs", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
    kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    try:
        done = subprocess.run(
            command,
            env=kept | {"GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout
