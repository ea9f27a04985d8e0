"""The process that talks to Ray for a sweep: orders come in and answers go out, each as a line of JSON.

Ray takes over the process that it is loaded into: it handles signals, prints, and aborts when its scheduler is gone. So
it gets one of its own. The end of its standard input ends it, and with it whatever the sweep has on the nodes.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread, Timer
from time import monotonic
from typing import Any, TextIO

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from breakeven.runner.engines import ray_node

RESOURCE = "breakeven"
_LOOK_S = 1.0  # between two looks at which nodes there are
_END_S = 5.0  # for the workers of a sweep that ends
_CLEAR_S = 10.0
_EXIT_S = 20.0


class Driver:
    """Sends orders to the nodes of a Ray cluster; each is known by the number that it came with."""

    def __init__(self, out: TextIO, code: str) -> None:
        self._out = out
        self._code = code
        self._guard = Lock()
        self._ids: dict[str, str] = {}
        self._judged: dict[str, str | None] = {}
        self._running: dict[int, tuple[str, Any]] = {}
        self._losses: deque[tuple[float, int, str]] = deque()
        self._end = Event()
        self._news = Event()
        self._carry_out = _remote(ray_node.carry_out)
        self._fitness = _remote(ray_node.fitness)
        self._clear = _remote(ray_node.clear)

    def say(self, **content: Any) -> None:
        """Write a line for the sweep; one that is gone misses nothing."""
        with self._guard:
            try:
                print(json.dumps(content), file=self._out, flush=True)
            except BrokenPipeError:
                self._end.set()

    def serve(self, lines: Iterable[str]) -> None:
        """Take orders until there are no more, then end what is under way and remove what it left."""
        watch = Thread(target=self._look, name="ray-nodes", daemon=True)
        watch.start()
        for line in lines:
            asked = json.loads(line)
            self._start(asked["number"], asked["node"], asked["order"])
        self._end.set()
        self._news.set()
        limit = Timer(_EXIT_S, os._exit, (1,))  # a cluster that is gone may let Ray wait for it
        limit.daemon = True
        limit.start()
        watch.join()
        self._give_up()

    def _start(self, number: int, node: str, order: str) -> None:
        answer = self._on(node, self._carry_out, {RESOURCE: 1}).remote(order)
        self._running[number] = node, answer
        answer.future().add_done_callback(partial(self._done, number, node))

    def _on(self, node: str, function: Any, resources: dict[str, int]) -> Any:
        where = NodeAffinitySchedulingStrategy(self._ids[node], soft=False)
        return function.options(num_cpus=0, resources=resources, scheduling_strategy=where)

    def _done(self, number: int, node: str, answer: Any) -> None:
        self._running.pop(number, None)
        error = answer.exception()
        if error is None:
            self.say(answer=number, bytes=b64encode(answer.result()).decode())
        elif isinstance(error, RayTaskError) or not isinstance(error, RayError):
            self.say(failed=number, reason=f"node {node}: {reason_of(error)}")
        else:
            self._losses.append((monotonic(), number, reason_of(error)))

    # --- nodes -------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Report repeatedly which nodes there are, which also shows that Ray still answers."""
        while not self._end.is_set():
            until = monotonic() - _LOOK_S
            found = _present()
            self._ids |= found
            for name in found.keys() - self._judged.keys():
                self._judge(name)
            judged = {name: self._judged[name] for name in sorted(found)}
            self.say(
                nodes=[name for name, unfit in judged.items() if unfit == ""],
                unfit={name: unfit for name, unfit in judged.items() if unfit},
                judging=None in judged.values(),
            )
            self._report_losses(until)
            self._news.wait(_LOOK_S)
            self._news.clear()

    def _report_losses(self, until: float) -> None:
        """Report what was lost some time ago: by now a node that ended is missing among those that there are."""
        while self._losses and self._losses[0][0] <= until:
            _, number, reason = self._losses.popleft()
            self.say(lost=number, reason=reason)

    def _judge(self, name: str) -> None:
        """Ask a new node whether it can measure; it counts only after it answered."""
        self._judged[name] = None
        asked = self._on(name, self._fitness, {}).remote(self._code).future()
        asked.add_done_callback(partial(self._judged_as, name))

    def _judged_as(self, name: str, answer: Any) -> None:
        error = answer.exception()
        self._judged[name] = answer.result() if error is None else reason_of(error)
        self._news.set()

    # --- the end -----------------------------------------------------------------------------------------

    def _give_up(self) -> None:
        """End the workers that are measuring, with what they started, and have their nodes cleared."""
        running = list(self._running.values())
        for _, answer in running:
            ray.cancel(answer, force=True)
        if not running:
            return
        ray.wait([answer for _, answer in running], num_returns=len(running), timeout=_END_S)
        present = _present()
        nodes = {node for node, _ in running if node in present}
        cleared = [self._on(node, self._clear, {}).remote() for node in nodes]
        if cleared:
            ray.wait(cleared, num_returns=len(cleared), timeout=_CLEAR_S)


def _remote(function: Callable[..., Any]) -> Any:
    return ray.remote(max_retries=0)(function)


def _present() -> dict[str, str]:
    """Return the nodes that offer the resource: name and Ray's id of each."""
    return {
        f"{node['NodeManagerAddress']}:{node['NodeManagerPort']}": node["NodeID"]
        for node in ray.nodes()
        if node["Alive"] and node["Resources"].get(RESOURCE, 0) >= 1
    }


def reason_of(error: BaseException) -> str:
    """Return an error of Ray, or one of a task, in one line: what it raised, not Ray's stacks."""
    cause = error.cause if isinstance(error, RayTaskError) else error
    return f"{type(cause).__name__}: {' '.join(str(cause).split())}"


def main(address: str, code: str) -> int:
    """Connect to a cluster and serve the sweep."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # Ray's own lines must not come among ours
    os.chdir(Path(sys.prefix).anchor)  # Ray's workers search the folder of their driver for modules
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL, configure_logging=False)
    except (RayError, OSError, ValueError, RuntimeError) as error:
        print(json.dumps({"unusable": reason_of(error)}), file=out, flush=True)
        return 2
    Driver(out, code).serve(sys.stdin)
    ray.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
