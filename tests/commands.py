"""Programs of the project as a user types them: which interpreter starts them, where, and how they find the project."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

ROOT = Path(__file__).resolve().parents[1]
NOTHING: Mapping[str, str] = MappingProxyType({})
QUIET = "progress=quiet"
"""For a sweep of which a test reads the rows alone: the summary imports the analysis, which takes a second."""

Completed = subprocess.CompletedProcess[str]
Started = subprocess.Popen[str]


class Command(Protocol):
    """Types a command in a test's folder; ``program`` is the module, ``environment`` adds variables."""

    def __call__(self, *arguments: str, program: str = "runner", **environment: str) -> Completed:
        """Return how it ended, and what it said."""


def python_path() -> str:
    """Return a PYTHONPATH on which this source tree comes first."""
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


def environment(added: Mapping[str, str] = NOTHING) -> dict[str, str]:
    """Return the variables for a program that is to find this source tree."""
    return os.environ | {"PYTHONPATH": python_path()} | dict(added)


def module(name: str, *arguments: str) -> list[str]:
    """Return a command that starts a module: ``runner``, ``analysis``, ``breakeven`` ..."""
    return [sys.executable, "-m", name, *arguments]


def script(text: str, *arguments: str) -> list[str]:
    """Return a command that runs a script."""
    return [sys.executable, "-c", text, *arguments]


def run(
    command: Sequence[str], folder: Path = ROOT, added: Mapping[str, str] = NOTHING, seconds: float = 120
) -> Completed:
    """Run a command in ``folder``, with variables ``added``, to its end."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(added),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def start(command: Sequence[str], folder: Path = ROOT, added: Mapping[str, str] = NOTHING) -> Started:
    """Start a command in ``folder``, with variables ``added``; it is for the caller to end it."""
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment(added), stdout=pipe, stderr=pipe, text=True)


def said(process: Started) -> str:
    """Wait for the next line of a started command's output, and return it."""
    assert process.stdout is not None
    return process.stdout.readline().strip()
