"""Faults of processes: signals to the runner, to the measured process, to its workers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from benchmarks.faults.launches import Launch, Violated
from benchmarks.faults.scene import Came, Scene, end_in_order, ended, run_ends
from breakeven.base.exit_codes import EXIT_INTERRUPTED

_LOOK_SECONDS = 0.01
_MOST_RUNS_AFTER = 10


# --- the runner and its group -----------------------------------------------------------------------------------


def kill_runner(scene: Scene) -> Came:
    """Send SIGKILL to the runner."""
    return _killed(scene, lambda launch: launch.send(signal.SIGKILL))


def kill_group(scene: Scene) -> Came:
    """Send SIGKILL to the runner's whole process group."""
    return _killed(scene, lambda launch: os.killpg(launch.pid, signal.SIGKILL))


def _killed(scene: Scene, kill: Callable[[Launch], None]) -> Came:
    launch = scene.start()
    if not scene.until_the_moment(launch):
        return ended(launch, "over before")
    kill(launch)
    return Came("killed", launch, launch.finish(), orderly=False)


def interrupt(scene: Scene) -> Came:
    """Send SIGINT, as Ctrl-C does."""
    return _asked_to_end(scene, signal.SIGINT)


def terminate(scene: Scene) -> Came:
    """Send SIGTERM."""
    return _asked_to_end(scene, signal.SIGTERM)


def _asked_to_end(scene: Scene, number: signal.Signals) -> Came:
    launch = scene.start()
    if not scene.until_the_moment(launch):
        return ended(launch, "over before")
    return end_in_order(launch, number)


def interrupt_twice(scene: Scene) -> Came:
    """Send SIGINT twice, shortly after one another."""
    apart = scene.random.uniform(0, 0.05)
    launch = scene.start()
    if not scene.until_the_moment(launch):
        return ended(launch, "over before")
    launch.send(signal.SIGINT)
    launch.wait(time.perf_counter() - launch.began + apart)
    launch.send(signal.SIGINT)
    code = launch.finish()
    if code not in (0, 1, EXIT_INTERRUPTED, -signal.SIGINT):
        raise Violated(f"exit code {code} after SIGINT twice:\n{launch.said()}")
    return Came(f"exit {code}", launch, code, orderly=False)


# --- the processes of a run ----------------------------------------------------------------------------------


def kill_measured(scene: Scene) -> Came:
    """Send SIGKILL to the measured process."""
    return _strike(scene, Launch.await_measured, signal.SIGKILL)


def kill_worker(scene: Scene) -> Came:
    """Send SIGKILL to a worker."""
    return _strike(scene, Launch.await_workers, signal.SIGKILL)


def stop_worker(scene: Scene) -> Came:
    """Send SIGSTOP to a worker, so that the run hangs."""
    return _strike(scene, Launch.await_workers, signal.SIGSTOP)


def _strike(scene: Scene, await_victims: Callable[[Launch], list[int]], number: signal.Signals) -> Came:
    which, after = scene.random.random(), scene.random.random()
    launch = scene.start()
    scene.until_the_moment(launch)
    victims = await_victims(launch)
    if victims:
        with suppress(ProcessLookupError):
            os.kill(victims[int(which * len(victims))], number)
        _let_go_on(launch, int(after * _MOST_RUNS_AFTER))
    came = end_in_order(launch, signal.SIGTERM) if victims else ended(launch, "")
    failed = [event["status"] for event in run_ends(launch) if event["status"] != "ok"]
    if len(failed) > 1:
        raise Violated(f"one fault made several runs fail: {failed}")
    words = f"row {failed[0]}" if failed else "run was over" if victims else "over before"
    return Came(words, launch, came.code, came.orderly)


def _let_go_on(launch: Launch, runs: int) -> None:
    """Wait until the run that was struck has ended, and so many others, or all have."""
    known = len(run_ends(launch))
    while len(run_ends(launch)) <= known + runs and not launch.ended:
        time.sleep(_LOOK_SECONDS)
