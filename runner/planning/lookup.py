"""Find an interpreter by its name, such as ``python3.14``: on PATH, then where version managers put theirs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from breakeven.base.interpreters import canonical, version_of

_UV_S = 10.0

PLACES = "on PATH, in pyenv, uv, conda, /usr/bin and ~/.cache/pythons"


def find(name: str) -> str | None:
    """Return the executable that ``name`` stands for, an absolute path whose links are kept; None if there is none.

    Stand-ins that choose another program when they are called, such as pyenv's, are passed over: they answer for
    versions that are not set.
    """
    path = [Path(name).expanduser().absolute()] if os.sep in name else _candidates(canonical(name))
    return next((str(found) for found in path if found.is_file() and os.access(found, os.X_OK)), None)


def how_to_install(name: str) -> str:
    """Return the command that brings an interpreter of that name, or what else to do."""
    known = canonical(name)
    if known.startswith("pypy"):
        return f"uv python install {known}, or apt install pypy3, bring it"
    version = version_of(known)
    if version is not None:
        return f"uv python install {version}, or pyenv install {version}, brings it"
    return "write its path, as in interpreter=/path/to/python"


def _candidates(name: str) -> Iterator[Path]:
    """Yield where a program of that name may be, the best first."""
    yield from (folder / name for folder in _path() if folder.name != "shims")
    yield from _newest(_pyenv(), f"*/bin/{name}")
    yield from _newest(_uv(), f"*/bin/{name}")
    yield from (folder / "bin" / name for folder in _conda())
    yield Path("/usr/bin", name)
    yield from _newest(Path.home() / ".cache" / "pythons", f"*/bin/{name}")


def _path() -> list[Path]:
    folders = map(Path, os.environ.get("PATH", os.defpath).split(os.pathsep))
    return [folder for folder in folders if folder.is_absolute()]


def _newest(folder: Path | None, pattern: str) -> list[Path]:
    """Return the files below a folder that match, those of the highest version first."""
    found = [] if folder is None or not folder.is_dir() else list(folder.glob(pattern))
    return sorted(found, key=lambda path: _numbers(path.parts[-3]), reverse=True)


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", name))


def _pyenv() -> Path:
    return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"


@cache
def _uv() -> Path | None:
    """Return the folder of the interpreters that uv installed; None without uv."""
    if chosen := os.environ.get("UV_PYTHON_INSTALL_DIR"):
        return Path(chosen)
    program = shutil.which("uv")
    if program is None:
        return None
    try:
        asked = subprocess.run(
            [program, "python", "dir"], capture_output=True, text=True, check=True, timeout=_UV_S
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return Path(asked.stdout.strip()) if asked.stdout.strip() else None


def _conda() -> Iterable[Path]:
    """Return the environments of conda, as it lists them for all its programs, that of this shell first."""
    listed = Path.home() / ".conda" / "environments.txt"
    present = [os.environ.get("CONDA_PREFIX", "")]
    if listed.is_file():
        present += listed.read_text(encoding="utf-8", errors="replace").splitlines()
    return [Path(line.strip()) for line in present if line.strip()]
