"""One run on one machine: a fresh interpreter is started, watched and cleaned up after, its trace becomes rows."""

from __future__ import annotations

import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner import cell as measured_side
from runner import rows
from runner.cell.entry import EXIT_FAILED, FAILURE
from runner.cell.facts import interpreter_facts, python_build
from runner.cell.run import RESULT, TRACE
from runner.engines import Outcome, Run, Source
from runner.environment import repository_of
from runner.errors import FunctionUnusable, InterpreterUnusable
from runner.store import Sweep
from runner.variation import Variation

_MAIN = Path(measured_side.__file__).with_name("__main__.py")
_SHARED = Path("/dev/shm")  # noqa: S108  # memory, so that the kernel never writes the trace to a disk meanwhile
_CHECK_SECONDS = 60
_MOST_TEXT = 2000
_MOST_LINES = 5


@dataclass(frozen=True)
class Interpreter:
    """An interpreter that can carry out runs."""

    executable: str
    version: str
    implementation: str
    build: str
    gil_enabled: bool


@dataclass(frozen=True)
class Ending:
    """How the measured process ended: a status of `runner.schema.STATUSES` and the reason, if it is not ok."""

    status: str
    reason: str | None = None


class Abandoned(Exception):
    """Raised when a run was given up by `abandon`: nothing is stored of it."""


Conduct = Callable[[dict[str, Any], int], Ending]
_running: dict[int, bool] = {}  # process id of a measured process: whether it was given up


# --- before anything runs --------------------------------------------------------------------------------


def find_interpreter(asked: str) -> Interpreter:
    """Start the interpreter ``asked`` (a path or a name on PATH) once; raises InterpreterUnusable.

    An empty name is this interpreter, which need not be asked.
    """
    if not asked:
        return _interpreter(sys.executable, {**interpreter_facts(), "python_build": python_build()})
    executable = shutil.which(Path(asked).expanduser())
    if executable is None:
        raise InterpreterUnusable(
            f"interpreter {asked!r} was not found on PATH or as an executable file; "
            "give its path as interpreter.path=/path/to/python, or use interpreter=current"
        )
    executable = os.path.abspath(executable)  # noqa: PTH100  # a virtual environment's link must not be resolved
    facts = _ask(executable, Path.cwd(), [])
    if isinstance(facts, str):
        raise InterpreterUnusable(
            f"interpreter {executable} cannot run the measured side, which needs CPython >= 3.9: {facts}; "
            "choose another with interpreter.path=/path/to/python"
        )
    return _interpreter(executable, facts)


def _interpreter(executable: str, facts: Mapping[str, Any]) -> Interpreter:
    return Interpreter(
        executable,
        facts["python_version"],
        facts["implementation"],
        facts["python_build"],
        facts["gil_enabled"],
    )


def check_function(executable: str, options: Mapping[str, Any], path: Path) -> Source:
    """Import the user's function, and the maker of its input if any, once; raises FunctionUnusable.

    Gives what they came from: another source is another measurement.
    """
    targets = [target for target in (options["target"], options.get("make_input")) if target]
    facts = _ask(executable, path, targets)
    if isinstance(facts, str):
        raise FunctionUnusable(f"{' and '.join(targets)} could not be imported by {executable}: {facts}")
    for target, problem in facts["problems"].items():
        raise FunctionUnusable(
            f"{target} cannot be imported by {executable} in {path}: {problem}; "
            "run from the directory that holds the module, and write module:callable"
        )
    files = [Path(file) for file in facts["files"]]
    sources = b"".join(file.read_bytes() for file in files)
    commit, dirty = repository_of(files)
    return Source(
        digest=hashlib.sha256(sources).hexdigest()[:16],
        files=tuple(facts["files"]),
        commit=commit,
        dirty=dirty,
    )


def _ask(executable: str, path: Path, targets: list[str]) -> dict[str, Any] | str:
    """Give what the interpreter says of itself and the targets, or as text why it could not."""
    asked = json.dumps({"targets": targets, "path": [str(path)]})
    command = [executable, str(_MAIN)]
    try:
        done = subprocess.run(
            command, input=asked, capture_output=True, text=True, timeout=_CHECK_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {_CHECK_SECONDS} s"
    except OSError as error:
        return str(error)
    if done.returncode:
        return _last_lines(done.stderr, 1) or f"it exited with code {done.returncode}"
    try:
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])  # an imported module may print, too
    except (ValueError, IndexError):
        return "it does not answer as a Python interpreter does"
    return answer


# --- a run -----------------------------------------------------------------------------------------------


def execute(run: Run, conduct: Conduct | None = None) -> Outcome:
    """Carry out ``run`` and store what it gave, its own row last.

    ``conduct`` measures: by default a fresh process, `in_child`. Nothing that the measured code does raises here: it
    becomes the row's status and reason.
    """
    started, begin = datetime.now(UTC), time.perf_counter_ns()
    row = rows.about(run, started)  # the machine as it is before the run loads it
    with _private_folder() as folder:
        ending = (conduct or in_child)(specification(run, folder), run.cell.time_limit_ns)
        sweep = Sweep(run.sweep)
        if ending.status == "ok":
            result = rows.judged(run, json.loads((folder / RESULT).read_text(encoding="utf-8")))
            tables = rows.tables(run, result, (folder / TRACE).read_bytes())
            for name, table in tables.items():
                sweep.write(name, run.cell_id, run.round, table)
            row |= rows.measured(run, result)
            if conduct is None:  # another conduct measures in surroundings of its own
                row |= rows.surroundings(variation(run))
    row |= {"status": ending.status, "reason": ending.reason, "wall_ns": time.perf_counter_ns() - begin}
    sweep.write_run(row)
    return Outcome(row=row)


def record_incompatible(run: Run, reason: str) -> Outcome:
    """Store the row of a cell that cannot exist."""
    row = rows.about(run, datetime.now(UTC)) | {"status": "incompatible", "reason": reason, "wall_ns": 0}
    Sweep(run.sweep).write_run(row)
    return Outcome(row=row)


def specification(run: Run, folder: Path) -> dict[str, Any]:
    """Give what the measured side is told, as plain data."""
    told = asdict(run.cell)
    del told["interpreter"], told["time_limit_ns"], told["memory_limit_bytes"], told["label"]
    return told | {
        "folder": str(folder),
        "executable": run.executable,
        "path": [str(run.path)],
        "parent": os.getpid(),
        "environment": variation(run).environment(),
        "round": run.round,
        "cell_id": run.cell_id,
    }


def variation(run: Run) -> Variation:
    """Give what differs between this run and the other rounds of its cell."""
    return Variation.of(run.cell.seed, run.cell_id, run.round)


@contextmanager
def _private_folder() -> Iterator[Path]:
    """Give a folder that only this user can read, in memory where the system has such a place."""
    base = _SHARED if os.access(_SHARED, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=f"breakeven-{os.getpid()}-", dir=base) as folder:
        yield Path(folder)


def in_child(told: dict[str, Any], limit_ns: int) -> Ending:
    """Measure in a fresh process of the interpreter told, and leave nothing of it behind."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as stderr:
        process = subprocess.Popen(
            [told["executable"], str(_MAIN)],
            stdin=subprocess.PIPE,
            stdout=stderr,
            stderr=stderr,
            env=_environment(told["environment"]),
            start_new_session=True,
            text=True,
        )
        _running[process.pid] = False
        try:
            _feed(process, json.dumps(told))
            ended = _wait(process, limit_ns)
        finally:
            given_up = _running.pop(process.pid)
            _clean_up(process, Path(told["folder"]).name)
        stderr.seek(0)
        said = stderr.read()
    if given_up:
        raise Abandoned(f"run of cell {told['cell_id']} was given up")
    if not ended:
        return Ending("timeout", f"not done within limits.time ({limit_ns / 1e9:g} s){_quote(said)}")
    return _ending(process.returncode, said, Path(told["folder"]))


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    """Give the user's environment, with what is added and without what the command line set for itself."""
    kept = {name: value for name, value in os.environ.items() if name != "HYDRA_FULL_ERROR"}
    return kept | dict(added)


def clear_leftovers() -> None:
    """Remove what runs left in shared memory whose process was killed before it could."""
    for left in _SHARED.glob("breakeven-*"):
        pid = left.name.split("-")[1]
        if not pid.isdecimal() or Path("/proc", pid).exists() or left.stat().st_uid != os.getuid():
            continue
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink(missing_ok=True)


def abandon() -> None:
    """Give up whatever runs now: its processes are ended, and `execute` raises Abandoned."""
    for pid in _running:
        _running[pid] = True
        os.killpg(pid, signal.SIGKILL)


def _feed(process: subprocess.Popen[str], text: str) -> None:
    """Write the specification; a process that died before it read all of it is judged by its exit code."""
    if process.stdin is None:
        raise RuntimeError("the process was started without a pipe to its standard input")
    with suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(text)


def _wait(process: subprocess.Popen[str], limit_ns: int) -> bool:
    """Wait for the process to end, at most ``limit_ns``; tell whether it did.

    Linux gives a descriptor that becomes readable at the end; `Popen.wait` would poll, up to 50 ms late.
    """
    if not hasattr(os, "pidfd_open"):
        try:
            process.wait(limit_ns / 1e9)
        except subprocess.TimeoutExpired:
            return False
        return True
    descriptor = os.pidfd_open(process.pid)
    try:
        readable, _, _ = select.select([descriptor], [], [], limit_ns / 1e9)
    finally:
        os.close(descriptor)
    return bool(readable)


def _clean_up(process: subprocess.Popen[str], name: str) -> None:
    """End the whole session of the process, and remove the shared memory that it could not remove itself."""
    with suppress(ProcessLookupError):  # all gone already
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for left in _SHARED.glob(f"{name}-*"):
        left.unlink(missing_ok=True)


def _ending(code: int, said: str, folder: Path) -> Ending:
    if code == 0 and (folder / RESULT).exists():
        return Ending("ok")
    if code == EXIT_FAILED:
        return Ending("failed", (folder / FAILURE).read_text(encoding="utf-8")[-_MOST_TEXT:])
    how = f"ended by signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return Ending("crashed", f"{how}{_quote(said)}")


def _quote(said: str) -> str:
    lines = _last_lines(said, _MOST_LINES)
    return f"; it last said: {lines}" if lines else ""


def _last_lines(text: str, count: int) -> str:
    return "\n".join(line for line in text.strip().splitlines()[-count:])[-_MOST_TEXT:]
