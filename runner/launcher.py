"""Carry out what was asked: plan, make the runs one at a time, show how it goes, sum up."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any, Protocol

import yaml
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from rich.console import Console

from analysis import load
from analysis.summary import render, summarise
from runner import engines
from runner.engines import Outcome, Run
from runner.errors import BadInput, OutputsUnwritable
from runner.host import clear_leftovers, record_incompatible
from runner.planning.compose import Request, plain_config
from runner.planning.plan import Plan, make_plan
from runner.progress import Progress
from runner.store import NotStored, Sweep

ALL_DONE, SOME_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
FINAL = ("ok", "incompatible")  # statuses of runs that are not made again


@dataclass(frozen=True)
class Launch:
    """What was asked of one sweep: every cell, what was typed, and the configuration they start from."""

    requests: Sequence[Request]
    overrides: tuple[str, ...]
    base: Mapping[str, Any]


class Sweeping(Protocol):
    """What the launcher calls: a task that takes a whole sweep, not a single configuration."""

    def carry_out(self, launch: Launch) -> int:
        """Carry out the sweep and give its exit code."""
        ...  # pragma: no cover


@dataclass
class Application:
    """What Hydra calls: with one configuration, or, through our launcher, with all of them.

    ``code`` is the exit code of what was carried out. ``refused`` keeps a bad input that turned up in a call with one
    configuration, since Hydra would print a line of its own above the message if it were raised.
    """

    command: Sequence[str] = ("breakeven",)
    code: int = ALL_DONE
    refused: BadInput | None = field(default=None, repr=False)

    def __call__(self, config: DictConfig) -> None:
        """Carry out a sweep of one cell, for Hydra's other launchers."""
        overrides = tuple(HydraConfig.get().overrides.task)
        plain = plain_config(config)
        try:
            self.carry_out(Launch([Request(plain, overrides)], overrides, plain))
        except BadInput as error:
            self.refused = error

    def carry_out(self, launch: Launch) -> int:
        """Plan the sweep, make its runs, sum up; raises BadInput before the first run."""
        plan = make_plan(launch.requests, now=datetime.now().astimezone(), folder=Path.cwd())
        sweep = Sweep(plan.sweep)
        _open(sweep, plan, launch)
        self.code = max(self.code, self._make_runs(plan, sweep))
        return self.code

    def _make_runs(self, plan: Plan, sweep: Sweep) -> int:
        notes = Console(stderr=True)
        waiting = [run for run in plan.runs if not _is_final(sweep, run)]
        notes.print(_opening(plan, len(waiting)), markup=False, highlight=False, soft_wrap=True)
        clear_leftovers()
        try:
            with ending_like_ctrl_c():
                _record_incompatible(plan, sweep)
                statuses = _run_all(waiting, plan.engine, notes)
        except KeyboardInterrupt:
            self._ended(notes, plan, "interrupted; what was measured is kept")
            return INTERRUPTED
        except NotStored as error:
            self._ended(notes, plan, str(error))
            return SOME_FAILED
        render(summarise(load(plan.sweep)), Console())
        return ALL_DONE if all(status in FINAL for status in statuses) else SOME_FAILED

    def _ended(self, notes: Console, plan: Plan, why: str) -> None:
        """Say why the sweep ended early and how to carry on."""
        again = shlex.join(_again(self.command, plan.sweep.name))
        notes.print(f"{why}. Carry on with: {again}", soft_wrap=True, markup=False, highlight=False)


@contextmanager
def ending_like_ctrl_c() -> Iterator[None]:
    """Let SIGTERM and SIGHUP (a time limit, a closed terminal) end the sweep as Ctrl-C does."""
    if current_thread() is not main_thread():  # only there can signals be handled
        yield
        return
    before = {
        number: signal.signal(number, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _open(sweep: Sweep, plan: Plan, launch: Launch) -> None:
    """Make the results folder, say in it what was asked, and let ``latest`` lead to it."""
    sweep.create()
    try:
        sweep.describe(_description(sweep, plan, launch))
        sweep.point_latest()
    except OSError as error:
        raise OutputsUnwritable(
            f"cannot write {error.filename2 or error.filename or sweep.path}: {error.strerror}; "
            "free or unlock it, or choose another folder with outputs=FOLDER"
        ) from error


def _description(sweep: Sweep, plan: Plan, launch: Launch) -> str:
    """Add this launch to those that ``sweep.yaml`` holds, so that a sweep carried on loses nothing."""
    earlier = yaml.safe_load(sweep.description.read_text()) if sweep.description.exists() else {}
    present = {
        "started_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "overrides": list(launch.overrides),
        "seed": plan.seed,
        "config": dict(launch.base),
        "order": [f"{run.cell_id}-{run.round}" for run in plan.runs],
    }
    return yaml.safe_dump(
        {"launches": [*earlier.get("launches", []), present]}, sort_keys=False, allow_unicode=True
    )


def _is_final(sweep: Sweep, run: Run) -> bool:
    row = sweep.read_run(run.cell_id, run.round)
    return row is not None and row["status"] in FINAL


def _opening(plan: Plan, waiting: int) -> str:
    done = len(plan.runs) - waiting
    notes = [
        f"{waiting} runs" if waiting != 1 else "1 run",
        *([f"{done} already done"] if done else []),
        *([f"{len(plan.incompatible)} incompatible"] if plan.incompatible else []),
        *([f"{plan.collapsed} the same as another"] if plan.collapsed else []),
    ]
    return f"{_shown(plan.sweep)}: {', '.join(notes)}"


def _record_incompatible(plan: Plan, sweep: Sweep) -> None:
    for run, reason in plan.incompatible:
        if not _is_final(sweep, run):
            record_incompatible(run, reason)


def _run_all(runs: Sequence[Run], engine: str, console: Console) -> list[str]:
    """Make one run after the other and give their statuses."""
    statuses = []
    with closing(engines.load(engine)()) as carrier, Progress(len(runs), console) as progress:
        for run in runs:
            progress.began(run)
            outcome: Outcome = carrier.submit(run).result()
            progress.finished(outcome)
            statuses.append(outcome.status)
    return statuses


def _again(command: Sequence[str], name: str) -> list[str]:
    """Give the command that carries on: as typed, with the name of the sweep."""
    return [*(part for part in command if not part.startswith("sweep=")), f"sweep={name}"]


def _shown(path: Path) -> str:
    """Write a path from the current folder where it lies below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
