"""Faults in the folder: damaged files, locks of other processes, concurrent sweeps."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.faults.inspecting import TABLES, overlap
from benchmarks.faults.launches import ONE_RUN, RUN_BEGAN, SWEEP_BEGAN, SWEEP_ENDED, Launch, Violated
from benchmarks.faults.scene import Came, Scene, began, end_in_order, ended
from breakeven.base.exit_codes import BAD_INPUT
from breakeven.runner.locks.machine import place

_DEAD_PID = 2**22 - 1  # the kernel gives it last
_AGO_SECONDS = 3600
_LOOK_SECONDS = 0.01
_WAITS = "waiting until this machine has measured "


# --- stored files --------------------------------------------------------------------------------------------


def truncate(scene: Scene) -> Came:
    """Cut off the end of a stored file."""
    share = scene.random.random()
    return _damaged(scene, lambda data: data[: int(share * len(data))])


def flip(scene: Scene) -> Came:
    """Flip a bit of a stored file."""
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
    if not began(launch):
        return Came("ended before it looked", launch, came.code, came.orderly)
    if "damaged file" not in launch.said():
        raise Violated(f"the damaged file was not reported:\n{launch.said()}")
    return Came("set aside", launch, came.code, came.orderly)


# --- locks ---------------------------------------------------------------------------------------------------


def stale_lock(scene: Scene) -> Came:
    """Plant locks of holders that are gone: of this host, of another one, or unreadable."""
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
    if not began(launch):
        return Came("killed before it looked", launch, code, orderly=False)
    if kind == "another host" and "removed the lock of pid" not in launch.said():
        raise Violated(f"the lock of another host was not reported:\n{launch.said()}")
    return Came(f"{kind}: taken over", launch, code, orderly=False)


def _plant(path: Path, kind: str) -> None:
    here = {
        "host": socket.gethostname(),
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip(),
        "processes": str(Path("/proc/self/ns/pid").readlink()),
    }
    there = {"host": "gone.example.org", "boot": "another", "processes": "pid:[1]"}
    about = {"pid": _DEAD_PID, "user": "nobody", "sweep": "outputs/other", "started": 1}
    about |= {"since": "2026-01-31T14:05:09+00:00", **(here if kind == "this host" else there)}
    path.write_text("{" if kind == "unreadable" else json.dumps(about), encoding="utf-8")
    os.utime(path, (time.time() - _AGO_SECONDS,) * 2)


def two_writers(scene: Scene) -> Came:
    """Start two sweeps of one folder at once: one of them is refused, or has nothing left to do."""
    pair = [scene.start(), scene.start()]
    quick, other = _first_to_end(pair)
    if quick.process.returncode == BAD_INPUT:
        check_refused(quick, other)
        came = end_in_order(other, signal.SIGTERM) if scene.until_the_moment(other) else ended(other, "")
        return Came("one refused", other, came.code, came.orderly)
    if other.finish() == BAD_INPUT:
        check_refused(other, quick)
        return Came("one refused", quick, ended(quick, "").code, orderly=True)
    check_in_turn(pair[0])
    return Came("one after the other", other, ended(other, "").code, orderly=True)


def _first_to_end(pair: Sequence[Launch]) -> tuple[Launch, Launch]:
    """Wait until one of two launches ended; give it and the other one."""
    while not pair[0].ended and not pair[1].ended:
        time.sleep(_LOOK_SECONDS)
    return (pair[0], pair[1]) if pair[0].ended else (pair[1], pair[0])


def check_refused(refused: Launch, other: Launch) -> None:
    """Raise Violated if a refused launch does not say who writes the folder."""
    if f"is being written by pid {other.pid} on host {socket.gethostname()}" not in refused.said():
        raise Violated(f"refused without a word on the other, pid {other.pid}:\n{refused.said()}")


def check_in_turn(launch: Launch) -> None:
    """Raise Violated if two sweeps wrote one folder at the same time."""
    told = [event["event"] for event in launch.events() if event["event"] in (SWEEP_BEGAN, SWEEP_ENDED)]
    if told != [SWEEP_BEGAN, SWEEP_ENDED] * (len(told) // 2):
        raise Violated(f"two sweeps wrote one folder at the same time: {told}")


def two_sweeps(scene: Scene) -> Came:
    """Start a second sweep on the same machine, into another folder: their runs take turns."""
    folder = scene.stock.folder.with_name("other")
    first, second = scene.start(), scene.start(folder, ONE_RUN)
    while not any(_waits(launch) or launch.ended for launch in (first, second)):
        time.sleep(_LOOK_SECONDS)
    came = end_in_order(first, signal.SIGTERM) if scene.until_the_moment(first) else ended(first, "")
    if second.finish():
        raise Violated(f"the second sweep failed:\n{second.said()}")
    if overlap(span for launch in (first, second) for span in measuring(launch)):
        raise Violated("two sweeps measured at the same time")
    told = [_whom(first, second), _whom(second, first)]
    shutil.rmtree(folder)
    words = "the first waited" if told[0] else "the second waited" if told[1] else "none had to wait"
    return Came(words, first, came.code, came.orderly)


def _waits(launch: Launch) -> bool:
    return _WAITS in launch.said()


def _whom(waiting: Launch, other: Launch) -> bool:
    """Return whether a launch waited for the other; raise Violated if it waited for a third process."""
    _, waited, whom = waiting.said().partition(_WAITS)
    if waited and f"{other.folder} for user" not in whom and f"(pid {other.pid}, " not in whom:
        raise Violated(f"waited for somebody else than pid {other.pid}:\n{waiting.said()}")
    return bool(waited)


def measuring(launch: Launch) -> list[tuple[str, str]]:
    """Return the spans of time in which a launch made runs."""
    events = launch.events()
    starts = [event["at"] for event in events if event["event"] == RUN_BEGAN]
    return [(starts[0], events[-1]["at"])] if starts else []
