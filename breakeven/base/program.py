"""The words that start this program again, in the way it was started."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

NAME = "breakeven"
_SPECIAL = ",'\"()[]{}"  # ends, quotes or groups values for Hydra
_ROOT = Path(__file__).resolve().parents[2]  # a clone, or site-packages


def program() -> tuple[str, ...]:
    """Return the words that start it: the installed script if there is one, otherwise Python with ``-m``."""
    script = Path(sys.executable).with_name(NAME)
    if Path(sys.argv[0]).name.partition("-")[0] == NAME:
        script = Path(sys.argv[0]).with_name(NAME)
    elif not (script.exists() and _is_of_this_program(Path(sys.prefix).resolve())):
        return python(), "-m", NAME
    found = shutil.which(NAME)  # maybe a link to it, as installers of applications make
    return (NAME if found is not None and _is_same(Path(found), script) else _from_here(script),)


def command(name: str, *arguments: str) -> str:
    """Return the text to type for the subcommand ``name`` with ``arguments``, quoted for a shell if they need it."""
    return shlex.join((*program(), name, *arguments))


def python() -> str:
    """Return the word that starts this interpreter: its name if the shell finds it, otherwise its path."""
    executable = Path(sys.executable)
    found = shutil.which("python")
    if found is not None and Path(found).absolute() == executable.with_name("python"):
        return "python"
    return _from_here(executable)


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _is_of_this_program(environment: Path) -> bool:
    """Return whether the scripts of an environment start this copy of the program."""
    return environment.is_relative_to(_ROOT) or _ROOT.is_relative_to(environment)


def _from_here(file: Path) -> str:
    """Return the path of a program as typed in this folder: its name alone if the shell finds it."""
    found = shutil.which(file.name)
    if file.parent == Path() or (found is not None and Path(found).absolute() == file.absolute()):
        return file.name
    relative = os.path.relpath(file)
    return str(file.absolute()) if relative.startswith("..") else relative


def override(key: str, text: str) -> str:
    """Return the override that sets a knob to a text exactly.

    It is quoted for Hydra if a part of it means something there.
    """
    plain = text.strip() == text and text.lower() != "null" and not set(text) & set(_SPECIAL)
    if plain and text:
        return f"{key}={text}"
    inner = re.sub(r"(\\*)'", r"\1\1\\'", text)
    tail = len(inner) - len(inner.rstrip("\\"))
    return f"{key}='{inner}{inner[len(inner) - tail :]}'"
