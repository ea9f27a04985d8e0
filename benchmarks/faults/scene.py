"""What every fault is injected into, and how a launch may end."""

from __future__ import annotations

import random
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.faults.inspecting import Stock
from benchmarks.faults.launches import RUN_ENDED, SWEEP_BEGAN, SWEEP_ENDED, Launch, Pace, Violated
from breakeven.base.exit_codes import EXIT_INTERRUPTED

_EARLIEST_SECONDS = 0.01


@dataclass
class Scene:
    """What a fault is injected into; ``share`` is the part of a launch's time after which that happens."""

    stock: Stock
    asked: Sequence[str]
    environment: Mapping[str, str]
    alone: bool
    pace: Pace
    waiting: int
    random: random.Random
    share: float = field(init=False)
    launches: int = 0

    def __post_init__(self) -> None:
        self.share = self.random.random()

    def start(self, folder: Path | None = None, asked: Sequence[str] | None = None) -> Launch:
        """Start the command."""
        self.launches += 1
        return Launch(folder or self.stock.folder, asked or self.asked, self.environment)

    def until_the_moment(self, launch: Launch) -> bool:
        """Wait for the moment; return whether the launch is still running."""
        launch.wait(_EARLIEST_SECONDS + self.share * self.pace.seconds(self.waiting))
        return not launch.ended


@dataclass(frozen=True)
class Came:
    """The outcome of a fault; ``orderly`` says whether the launch could clean up, ``code`` how it ended."""

    words: str
    launch: Launch
    code: int
    orderly: bool


def end_in_order(launch: Launch, number: signal.Signals) -> Came:
    """Send a signal that asks for an end, and check that it comes in order."""
    launch.send(number)
    code = launch.finish()
    events = [event["event"] for event in launch.events()]
    if code == EXIT_INTERRUPTED and SWEEP_BEGAN in events and "Resume with: " not in launch.said():
        raise Violated(f"interrupted without saying how to resume:\n{launch.said()}")
    if code == EXIT_INTERRUPTED:
        return Came("exit 130", launch, code, orderly=True)
    if code in (0, 1) and SWEEP_ENDED in events:
        return ended(launch, "over before")
    if code == -number and SWEEP_ENDED in events:
        return Came("over but for its exit", launch, code, orderly=True)
    if SWEEP_BEGAN not in events and (code == -number or "KeyboardInterrupt" in launch.said()):
        return Came("ended in its imports", launch, code, orderly=False)
    raise Violated(f"exit code {code} after {number.name}:\n{launch.said()}")


def ended(launch: Launch, words: str) -> Came:
    """Wait for a launch that nothing ends, and check that its code says what came of its runs."""
    code = launch.finish()
    failed = [event for event in run_ends(launch) if event["status"] != "ok"]
    if code != int(bool(failed)):
        raise Violated(f"exit code {code} with {len(failed)} failed runs:\n{launch.said()}")
    return Came(words, launch, code, orderly=True)


def run_ends(launch: Launch) -> list[dict[str, Any]]:
    """Return the events of its runs that ended."""
    return [event for event in launch.events() if event["event"] == RUN_ENDED]


def began(launch: Launch) -> bool:
    """Return whether it came to its runs, past its imports, its plan and its locks."""
    return any(event["event"] == SWEEP_BEGAN for event in launch.events())
