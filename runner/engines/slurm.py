"""Runs as jobs of Slurm, each on a node that it has for itself.

Nothing of Slurm but its commands is used, and nothing listens: orders and answers are files in a folder that all nodes
share. The answer's file is what ends an order; the queue is looked at for jobs that end without one.
"""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from itertools import count
from os import getpid
from pathlib import Path
from secrets import token_hex
from threading import Event, Lock, Thread
from time import monotonic, sleep
from typing import Any

from breakeven.runner.engines._abc import SWEEP
from breakeven.runner.engines._exchange import Exchange
from breakeven.runner.engines._nodes import BLOCK, OnNodes
from breakeven.runner.engines._slurm_commands import Commands, Refused, Unreachable
from breakeven.runner.engines._slurm_jobs import Asked, Jobs, Lost, OnChosen, PerRun, Shared, Tools
from breakeven.runner.engines.orders import Order
from breakeven.runner.errors import EngineLost, EngineUnusable, OutputsUnwritable

SHARED = "shared"
FOLDER = ".slurm"
_LOOK_S, _MOST_LOOK_S = 0.5, 5.0  # between two looks at the queue
_ALIVE_S = 10.0  # between two signs of life
_SHARE = 0.02  # of the time since the last event is between two looks
_LEAST_S, _MOST_S = 0.005, 0.2  # between two looks for answers
_AGAIN_S = 1.0  # before a job is submitted again to a controller that did not answer
_WAITS_S = 20.0  # that all jobs may wait in the queue before the user is told why
_GONE_S, _STEP_S = 15.0, 0.05  # until jobs that were cancelled are gone, and between two looks
_NAME_LENGTH = 40


class Slurm(OnNodes):
    """Submits jobs that carry out orders, and takes their answers."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Clear what a sweep that was killed left in the queue, and wait for the first node; raise EngineUnusable."""
        super().__init__(options)
        self._patience: float = options["patience"] / 1e9
        self._end = Event()
        self._guard = Lock()
        self._taking = Lock()
        self._asked: dict[int, Asked] = {}
        self._numbers = count()
        self._failed: EngineLost | None = None
        self._stirred = monotonic()
        self._waiting = ""
        self._results = sweep = Path(options[SWEEP])
        name = name_of(sweep)
        self._commands = Commands(name, options["partition"], options["sbatch"])
        self._commands.check()
        self._refuse_count(options["nodes"])
        home = sweep / FOLDER if options["folder"] is None else Path(options["folder"]).expanduser() / name
        self._clear(home)
        self._exchange = _exchange(home)
        self._submitter = ThreadPoolExecutor(1, thread_name_prefix="slurm-submits")
        self._threads = [
            Thread(target=work, name=f"slurm-{work.__name__}", daemon=True)
            for work in (self._look, self._listen)
        ]
        tools = Tools(self._commands, self._exchange, self._submit, self._end)
        self._jobs = _jobs(options, tools)
        try:
            self._await_nodes()
        except BaseException:  # also Ctrl-C: whatever it is, no job remains
            self.close()
            raise
        for thread in self._threads:
            thread.start()

    @property
    def sweep(self) -> str:
        """Return what the lock of a node says of its holder."""
        return f"{self._results} of {socket.gethostname()}"

    def why_waiting(self) -> str:
        """Return the reasons that the queue gives if all jobs have waited in it for a while; empty otherwise."""
        return self._waiting

    def _nodes(self) -> Sequence[str]:
        return self._jobs.names()

    def _start(self, node: str, order: Order) -> Future[bytes]:
        asked = Asked(next(self._numbers), node, Future())
        with self._guard:
            failed = self._failed
            if failed is None:
                self._asked[asked.number] = asked
        if failed is not None:
            asked.answer.set_exception(failed)
            return asked.answer
        self._stirred = monotonic()
        self._jobs.start(asked, order.to_text())
        return asked.answer

    def _await_nodes(self) -> None:
        try:
            self._jobs.await_first(self._patience)
        except Unreachable as error:
            raise EngineUnusable(f"engine=slurm: the Slurm controller stopped answering: {error}") from error
        if self._failed is not None:
            raise EngineUnusable(f"engine=slurm: {self._failed}") from self._failed

    def _refuse_count(self, asked: int) -> None:
        there = len(self._commands.states())
        if asked > there:
            where = self._commands.partition or "the default one"
            raise EngineUnusable(
                f"engine.nodes={asked}: partition {where} has {there}; ask for at most as many"
            )

    # --- jobs --------------------------------------------------------------------------------------------

    def _submit(self, desk: str, how: str, node: str | None, submitted: Callable[[str], None]) -> None:
        """Submit a job in another thread, however long it takes the controller to answer."""
        self._submitter.submit(self._submit_now, desk, how, node, submitted)

    def _submit_now(self, desk: str, how: str, node: str | None, submitted: Callable[[str], None]) -> None:
        command, log = self._tools_command(desk, how), self._exchange.log(desk)
        until = monotonic() + self._patience
        while not self._end.is_set():
            try:
                submitted(self._commands.submit(command, log, node))
            except Refused as error:
                self._fail(
                    EngineLost(
                        f"Slurm refuses a job: {error}; the same command resumes the sweep once that is fixed"
                    )
                )
            except (
                Unreachable
            ) as error:  # the job may be in the queue all the same: then the order is taken once
                if monotonic() < until:
                    self._end.wait(_AGAIN_S)
                    continue
                self._fail(_unreachable(error))
            return

    def _tools_command(self, desk: str, how: str) -> list[str]:
        return self._jobs.tools.command(desk, how)

    def _look(self) -> None:
        """Watch the queue, and end what waits for a job that is gone."""
        answered = alive = monotonic()
        while not self._end.wait(self._pause(_LOOK_S, _MOST_LOOK_S)):
            if monotonic() - alive > _ALIVE_S:
                alive = monotonic()
                with suppress(OSError):  # the thread that listens says it
                    self._exchange.keep_alive()
            with self._guard:  # before the queue is asked: what is submitted meanwhile is not in it
                asked = [one for one in self._asked.values() if one.job or isinstance(self._jobs, Shared)]
            try:
                queue = self._commands.queue()
                self._lose(self._jobs.looked(queue, asked))
                answered = monotonic()
                waits = monotonic() - self._stirred > _WAITS_S
                self._waiting = self._jobs.why_waiting(queue, asked) if waits else ""
            except Unreachable as error:
                if monotonic() - answered > self._patience:
                    self._fail(_unreachable(error))
            except EngineLost as error:
                self._fail(error)

    def _lose(self, lost: Lost) -> None:
        for asked, why in lost:
            if not self._take(asked.number) and self._forget(asked.number) is not None:
                asked.answer.set_exception(why)

    # --- answers -----------------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Read the answers as they appear."""
        while not self._end.wait(self._pause(_LEAST_S, _MOST_S)):
            try:
                for number in self._exchange.answered() if self._asked else ():
                    self._take(number)
            except OSError as error:
                self._fail(
                    EngineLost(
                        f"cannot read {self._exchange.folder}: {error.strerror}; the same command resumes the sweep"
                    )
                )
                return

    def _pause(self, least: float, most: float) -> float:
        return min(most, max(least, _SHARE * (monotonic() - self._stirred)))

    def _take(self, number: int) -> bool:
        """Return whether there is an answer, which then ends its order.

        Whoever reads an answer removes it, and another thread that finds none then must not find its order either.
        """
        with self._taking:
            answer = self._exchange.read(number)
            asked = None if answer is None else self._forget(number)
        if answer is None:
            return False
        self._stirred = monotonic()
        if asked is not None:
            asked.answer.set_result(answer)
        return True

    def _forget(self, number: int) -> Asked | None:
        with self._guard:
            return self._asked.pop(number, None)

    def _fail(self, error: EngineLost) -> None:
        """End all that is under way, and refuse what comes."""
        with self._guard:
            self._failed = self._failed or error
            left, self._asked = self._asked, {}
        for asked in left.values():
            asked.answer.set_exception(error)

    # --- the end -----------------------------------------------------------------------------------------

    def close(self) -> None:
        """End the current runs, drop the queued ones and leave no job in the queue; idempotent."""
        if self._closed:
            return
        self._closed = True
        self._end.set()
        self._submitter.shutdown(cancel_futures=True)
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        with suppress(
            Unreachable
        ):  # what is in the queue then finds its folder gone when it starts, and ends
            self._commands.cancel_all()
            self._await_none()
        self._exchange.remove()

    def _clear(self, home: Path) -> None:
        """Cancel the jobs of a sweep of this name that was killed, and remove its folders."""
        try:
            if self._commands.waiting_or_running():
                self._commands.cancel_all()
                self._await_none()
        except Unreachable as error:
            raise EngineUnusable(f"engine=slurm: the Slurm controller stopped answering: {error}") from error
        shutil.rmtree(home, ignore_errors=True)

    def _await_none(self) -> None:
        """Wait until no job is left in the queue, but not for a node that does not let go of one."""
        until = monotonic() + _GONE_S
        while self._commands.waiting_or_running() and monotonic() < until:
            sleep(_STEP_S)


def name_of(sweep: Path) -> str:
    """Return the name of a sweep's jobs, by which they are found again, whoever submitted them."""
    path = sweep.absolute()
    readable = re.sub(r"[^\w.-]", "_", path.name, flags=re.ASCII)[:_NAME_LENGTH]
    return f"breakeven-{readable}-{sha256(str(path).encode()).hexdigest()[:8]}"


def _exchange(home: Path) -> Exchange:
    """Return a new folder below ``home``; raise OutputsUnwritable."""
    folder = home.absolute() / f"{socket.gethostname()}-{getpid()}-{token_hex(4)}"
    try:
        return Exchange(folder)
    except OSError as error:
        raise OutputsUnwritable.from_os_error(error, folder) from error


def _jobs(options: Mapping[str, Any], tools: Tools) -> Jobs:
    if options["allocation"] == SHARED:
        return Shared(tools, options["nodes"])
    kind = OnChosen if options["placement"] == BLOCK else PerRun
    return kind(tools, options["nodes"])


def _unreachable(error: Unreachable) -> EngineLost:
    return EngineLost(f"the Slurm controller no longer answers ({error}); the same command resumes the sweep")
