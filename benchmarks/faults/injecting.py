"""The faults, each injected into one launch at a random moment; what came of it is told in words."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.faults.inspecting import TABLES, Stock, overlap
from benchmarks.faults.launches import ONE_RUN, Launch, Pace, Violated
from runner.locks.machine import place

_EARLIEST_SECONDS = 0.01
_DEAD_PID = 2**22 - 1  # the kernel gives it last
_AGO_SECONDS = 3600
_WAITS = "waiting until this machine has measured "
_LOOK_SECONDS = 0.01


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
        """Wait for the moment; tell whether the launch is still there."""
        launch.wait(_EARLIEST_SECONDS + self.share * self.pace.seconds(self.waiting))
        return not launch.ended


@dataclass(frozen=True)
class Came:
    """What came of a fault; ``orderly`` tells whether the launch could clean up, ``code`` how it ended."""

    words: str
    launch: Launch
    code: int
    orderly: bool


# --- the runner and its group -----------------------------------------------------------------------------------


def kill_runner(scene: Scene) -> Came:
    """SIGKILL to the runner."""
    return _killed(scene, lambda launch: launch.send(signal.SIGKILL))


def kill_group(scene: Scene) -> Came:
    """SIGKILL to the runner's whole process group."""
    return _killed(scene, lambda launch: os.killpg(launch.pid, signal.SIGKILL))


def _killed(scene: Scene, kill: Callable[[Launch], None]) -> Came:
    launch = scene.start()
    if not scene.until_the_moment(launch):
        return ended(launch, "over before")
    kill(launch)
    return Came("killed", launch, launch.finish(), orderly=False)


def interrupt(scene: Scene) -> Came:
    """SIGINT, as by Ctrl-C."""
    return _asked_to_end(scene, signal.SIGINT)


def terminate(scene: Scene) -> Came:
    """SIGTERM."""
    return _asked_to_end(scene, signal.SIGTERM)


def _asked_to_end(scene: Scene, number: signal.Signals) -> Came:
    launch = scene.start()
    if not scene.until_the_moment(launch):
        return ended(launch, "over before")
    return end_in_order(launch, number)


def interrupt_twice(scene: Scene) -> Came:
    """SIGINT twice, shortly after one another."""
    apart = scene.random.uniform(0, 0.05)
    launch = scene.start()
    if not scene.until_the_moment(launch):
        return ended(launch, "over before")
    launch.send(signal.SIGINT)
    launch.wait(time.perf_counter() - launch.began + apart)
    launch.send(signal.SIGINT)
    code = launch.finish()
    if code not in (0, 1, 130, -signal.SIGINT):
        raise Violated(f"exit code {code} after SIGINT twice:\n{launch.said()}")
    return Came(f"exit {code}", launch, code, orderly=False)


def end_in_order(launch: Launch, number: signal.Signals) -> Came:
    """Send a signal that asks for an end, and check that it comes in order."""
    launch.send(number)
    code = launch.finish()
    events = [event["event"] for event in launch.events()]
    if code == 130 and "sweep_began" in events and "Carry on with: " not in launch.said():
        raise Violated(f"interrupted without a word on how to carry on:\n{launch.said()}")
    if code == 130:
        return Came("exit 130", launch, code, orderly=True)
    if code in (0, 1) and "sweep_ended" in events:
        return ended(launch, "over before")
    if "sweep_began" not in events and (code == -number or "KeyboardInterrupt" in launch.said()):
        return Came("ended in its imports", launch, code, orderly=False)
    raise Violated(f"exit code {code} after {number.name}:\n{launch.said()}")


def ended(launch: Launch, words: str) -> Came:
    """Wait for a launch that nothing ends, and check that its code says what came of its runs."""
    code = launch.finish()
    failed = [event for event in launch.events() if event.get("status", "ok") != "ok"]
    if code != int(bool(failed)):
        raise Violated(f"exit code {code} with {len(failed)} failed runs:\n{launch.said()}")
    return Came(words, launch, code, orderly=True)


# --- the processes of a run ----------------------------------------------------------------------------------


def kill_measured(scene: Scene) -> Came:
    """SIGKILL to the measured process."""
    return _strike(scene, Launch.await_measured, signal.SIGKILL)


def kill_worker(scene: Scene) -> Came:
    """SIGKILL to a worker."""
    return _strike(scene, Launch.await_workers, signal.SIGKILL)


def stop_worker(scene: Scene) -> Came:
    """SIGSTOP to a worker."""
    return _strike(scene, Launch.await_workers, signal.SIGSTOP)


def _strike(scene: Scene, await_victims: Callable[[Launch], list[int]], number: signal.Signals) -> Came:
    which = scene.random.random()
    launch = scene.start()
    scene.until_the_moment(launch)
    victims = await_victims(launch)
    if victims:
        with suppress(ProcessLookupError):
            os.kill(victims[int(which * len(victims))], number)
    came = ended(launch, "over before")
    statuses = Counter(event["status"] for event in launch.events() if event.get("status", "ok") != "ok")
    if sum(statuses.values()) > 1:
        raise Violated(f"one fault made {sum(statuses.values())} runs fail: {dict(statuses)}")
    told = next(iter(statuses), None)
    words = f"row {told}" if told else ("run was over" if victims else "over before")
    return Came(words, launch, came.code, orderly=True)


# --- stored files --------------------------------------------------------------------------------------------


def truncate(scene: Scene) -> Came:
    """A stored file that lost its end."""
    share = scene.random.random()
    return _damaged(scene, lambda data: data[: int(share * len(data))])


def flip(scene: Scene) -> Came:
    """A stored file with a bit flipped."""
    share, bit = scene.random.random(), scene.random.randrange(8)

    def flipped(data: bytes) -> bytes:
        at = int(share * len(data))
        return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]

    return _damaged(scene, flipped)


def _damaged(scene: Scene, spoil: Callable[[bytes], bytes]) -> Came:
    table, which = scene.random.choice(TABLES), scene.random.random()
    there = sorted(name for name, kept in scene.stock.runs.items() if table in kept.sums)
    if there:
        path = scene.stock.folder / table / f"{there[int(which * len(there))]}.parquet"
        scene.stock.damage(path, spoil(path.read_bytes()))
    scene.waiting += bool(there)
    launch = scene.start()
    came = (
        end_in_order(launch, signal.SIGTERM)
        if scene.until_the_moment(launch)
        else ended(launch, "over before")
    )
    if not there:
        return Came("nothing stored yet", launch, came.code, came.orderly)
    if not _began(launch):
        return Came("ended before it looked", launch, came.code, came.orderly)
    if "damaged file" not in launch.said():
        raise Violated(f"no word on a damaged file:\n{launch.said()}")
    return Came("set aside", launch, came.code, came.orderly)


def _began(launch: Launch) -> bool:
    return any(event["event"] == "sweep_began" for event in launch.events())


# --- locks ---------------------------------------------------------------------------------------------------


def stale_lock(scene: Scene) -> Came:
    """Locks of holders that are gone: of this host, of another one, or unreadable."""
    kind = scene.random.choice(("this host", "another host", "unreadable"))
    folder = scene.stock.folder
    folder.mkdir(parents=True, exist_ok=True)
    _plant(folder / ".writer", kind)
    if scene.alone:  # else the machine's lock may be in use
        place().write_bytes((folder / ".writer").read_bytes())
    launch = scene.start()
    if not scene.until_the_moment(launch):
        return ended(launch, f"{kind}: taken over")
    launch.send(signal.SIGKILL)
    code = launch.finish()
    if not _began(launch):
        return Came("killed before it looked", launch, code, orderly=False)
    if kind == "another host" and "removed the lock of pid" not in launch.said():
        raise Violated(f"no word on the lock of another host:\n{launch.said()}")
    return Came(f"{kind}: taken over", launch, code, orderly=False)


def _plant(path: Path, kind: str) -> None:
    here = {
        "host": socket.gethostname(),
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip(),
        "processes": os.readlink("/proc/self/ns/pid"),
    }
    there = {"host": "gone.example.org", "boot": "another", "processes": "pid:[1]"}
    about = {"pid": _DEAD_PID, "user": "nobody", "sweep": "outputs/other", "started": 1}
    about |= {"since": "2026-01-31T14:05:09+00:00", **(here if kind == "this host" else there)}
    path.write_text("{" if kind == "unreadable" else json.dumps(about), encoding="utf-8")
    os.utime(path, (time.time() - _AGO_SECONDS,) * 2)


def two_writers(scene: Scene) -> Came:
    """Two sweeps of one folder, started at once: one of them is refused, or has nothing left to do."""
    pair = [scene.start(), scene.start()]
    quick, other = _first_to_end(pair)
    if quick.process.returncode == 2:
        _check_refused(quick, other)
        came = end_in_order(other, signal.SIGTERM) if scene.until_the_moment(other) else ended(other, "")
        return Came("one refused", other, came.code, came.orderly)
    if other.finish() == 2:
        _check_refused(other, quick)
        return Came("one refused", quick, ended(quick, "").code, orderly=True)
    _check_in_turn(pair[0])
    return Came("one after the other", other, ended(other, "").code, orderly=True)


def _first_to_end(pair: Sequence[Launch]) -> tuple[Launch, Launch]:
    """Wait until one of two launches ended; give it and the other one."""
    while not pair[0].ended and not pair[1].ended:
        time.sleep(_LOOK_SECONDS)
    return (pair[0], pair[1]) if pair[0].ended else (pair[1], pair[0])


def _check_refused(refused: Launch, other: Launch) -> None:
    if f"is being written by pid {other.pid} on host {socket.gethostname()}" not in refused.said():
        raise Violated(f"refused without a word on the other, pid {other.pid}:\n{refused.said()}")


def _check_in_turn(launch: Launch) -> None:
    told = [event["event"] for event in launch.events() if event["event"] in ("sweep_began", "sweep_ended")]
    if told != ["sweep_began", "sweep_ended"] * (len(told) // 2):
        raise Violated(f"two sweeps wrote one folder at the same time: {told}")


def two_sweeps(scene: Scene) -> Came:
    """A second sweep on the same machine, into another folder: their runs take turns."""
    folder = scene.stock.folder.with_name("other")
    first, second = scene.start(), scene.start(folder, ONE_RUN)
    while not any(_waits(launch) or launch.ended for launch in (first, second)):
        time.sleep(_LOOK_SECONDS)
    came = end_in_order(first, signal.SIGTERM) if scene.until_the_moment(first) else ended(first, "")
    if second.finish():
        raise Violated(f"the second sweep failed:\n{second.said()}")
    if overlap(span for launch in (first, second) for span in _measuring(launch)):
        raise Violated("two sweeps measured at the same time")
    told = [_whom(first, second), _whom(second, first)]
    shutil.rmtree(folder)
    words = "the first waited" if told[0] else "the second waited" if told[1] else "none had to wait"
    return Came(words, first, came.code, came.orderly)


def _waits(launch: Launch) -> bool:
    return _WAITS in launch.said()


def _whom(waiting: Launch, other: Launch) -> bool:
    """Tell whether a launch waited for the other; raises Violated where it waited for somebody else."""
    _, waited, whom = waiting.said().partition(_WAITS)
    if waited and f"{other.folder} for user" not in whom and f"(pid {other.pid}, " not in whom:
        raise Violated(f"waited for somebody else than pid {other.pid}:\n{waiting.said()}")
    return bool(waited)


def _measuring(launch: Launch) -> list[tuple[str, str]]:
    """Give from when to when a launch made runs."""
    events = launch.events()
    began = [event["at"] for event in events if event["event"] == "run_began"]
    return [(began[0], events[-1]["at"])] if began else []


FAULTS: Mapping[Callable[[Scene], Came], int] = {
    kill_runner: 6,
    kill_group: 4,
    interrupt: 3,
    interrupt_twice: 3,
    terminate: 3,
    kill_measured: 2,
    kill_worker: 2,
    stop_worker: 2,
    truncate: 3,
    flip: 3,
    stale_lock: 3,
    two_writers: 2,
    two_sweeps: 2,
}
"""Every fault, and how often it is injected beside the others."""
