"""Programs of the project as a user types them: which interpreter starts them, where, and how they find the project."""

from __future__ import annotations

import logging
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Protocol
from unittest.mock import patch

import pytest

from breakeven.runner.sweep.signals import SIGNALS
from tests.patience import SWEEPS_S

ROOT = Path(__file__).resolve().parents[1]
NOTHING: Mapping[str, str] = MappingProxyType({})
QUIET = "progress=quiet"
"""For a sweep of which a test reads what it stored alone."""

Completed = subprocess.CompletedProcess[str]


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
    return [sys.executable, "-m", name, *_last_of_each(name, arguments)]


def _last_of_each(name: str, arguments: Sequence[str]) -> Sequence[str]:
    """Return the words of a sweep with the last of each knob: what a test types replaces what several share."""
    if name not in ("runner", "breakeven") or "compare" in arguments:
        return arguments
    last = {word.partition("=")[0]: place for place, word in enumerate(arguments) if "=" in word}
    return [word for place, word in enumerate(arguments) if last.get(word.partition("=")[0], place) == place]


def changed(words: Sequence[str], *later: str) -> tuple[str, ...]:
    """Return ``words`` that several tests type, without the knobs that are among the ``later`` ones, and those."""
    keys = {word.partition("=")[0] for word in later if "=" in word}
    return (*(word for word in words if word.partition("=")[0] not in keys), *later)


class Started(subprocess.Popen[str]):
    """A command that was started; if the test fails meanwhile, it is not waited for."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for its end; if there was an exception, end it first."""
        if kind is not None:
            self.kill()
        super().__exit__(kind, value, traceback)


def script(text: str, *arguments: str) -> list[str]:
    """Return a command that runs a script."""
    return [sys.executable, "-c", text, *arguments]


def run(command: Sequence[str], folder: Path = ROOT, added: Mapping[str, str] = NOTHING) -> Completed:
    """Run a command in ``folder``, with variables ``added``, to its end."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(added),
        capture_output=True,
        text=True,
        timeout=SWEEPS_S,
        check=False,
    )


def start(command: Sequence[str], folder: Path = ROOT, added: Mapping[str, str] = NOTHING) -> Started:
    """Start a command in ``folder``, with variables ``added``; it is for the caller to end it."""
    pipe = subprocess.PIPE
    with heard():
        return Started(command, cwd=folder, env=environment(added), stdout=pipe, stderr=pipe, text=True)


@contextmanager
def heard() -> Iterator[None]:
    """Let what is started meanwhile end by a signal, as in a terminal, though nohup or ``&`` made the tests ignore it."""
    ignored = [number for number in SIGNALS if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)


def said(process: subprocess.Popen[str]) -> str:
    """Wait for the next line of a started command's output, and return it."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


# --- in this process -------------------------------------------------------------------------------------------


def run_here(
    captured: pytest.CaptureFixture[str],
    name: str,
    *arguments: str,
    folder: Path,
    added: Mapping[str, str] = NOTHING,
) -> Completed:
    """Run what `module` starts in ``folder``, with variables ``added``, but in this process: it has imported everything.

    What it asks the machine once, and the packages that it imports, stay known to the next command. So one whose
    question is what a new process does belongs in one, as does one that lowers its priority for good (``compact``).
    """
    captured.readouterr()
    with undone(), modules_forgotten(folder), chdir(folder), patch.dict(os.environ, environment(added)):
        sys.argv[1:] = _last_of_each(name, arguments)
        code = _exit_code(ROOT.joinpath(*name.split("."), "__main__.py"))
        sys.stdout.flush()
        sys.stderr.flush()
    said = captured.readouterr()
    return Completed([name, *arguments], code, said.out, said.err)


def _exit_code(door: Path) -> int:
    """Return the exit code of a program; its messages are written as Python writes them at the end of a process."""
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(door), run_name="__main__")
    code = ended.value.code
    if code is None or isinstance(code, int):
        return code or 0
    sys.stderr.write(f"{code}\n")
    return 1


@contextmanager
def undone() -> Iterator[None]:
    """Undo what a command changes of its process and leaves so, since a process of its own would end with it."""
    root, priority = logging.getLogger(), os.nice(0)
    level, handlers = root.level, [*root.handlers]
    signals = {number: signal.getsignal(number) for number in SIGNALS}
    with pytest.MonkeyPatch.context() as kept, chdir(Path.cwd()), patch.dict(os.environ):
        kept.setattr("tempfile.tempdir", tempfile.tempdir)
        kept.setattr("sys.argv", [*sys.argv])
        kept.setattr("sys.path", [*sys.path])
        kept.setattr("sys.stdout", sys.stdout)
        kept.setattr("sys.stderr", sys.stderr)
        try:
            yield
        finally:
            for number, handler in signals.items():
                signal.signal(number, handler)
            root.setLevel(level)
            root.handlers[:] = handlers
    assert os.nice(0) == priority, "nobody but root can raise it again"


@contextmanager
def modules_forgotten(folder: Path) -> Iterator[None]:
    """Forget the modules that are imported from ``folder`` meanwhile: others may be written there under their names."""
    before = set(sys.modules)
    try:
        yield
    finally:
        for name in sys.modules.keys() - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(f"{folder}{os.sep}"):
                del sys.modules[name]
