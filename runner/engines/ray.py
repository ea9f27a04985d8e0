"""Runs on the nodes of a Ray cluster, one at a time on each node that offers the resource ``breakeven``.

Ray lives in a process of its own, `ray_driver`: only its lines come here. What Ray pickles on the way is the reference
to a function, the text of an order and the bytes of an answer.
"""

from __future__ import annotations

import json
import re
import socket
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from importlib.util import find_spec
from itertools import count
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

from breakeven.runner.engines._nodes import NodeLost, OnNodes
from breakeven.runner.engines._ray_process import RayProcess
from breakeven.runner.engines.orders import Order
from breakeven.runner.errors import EngineLost, EngineUnusable

_REACH_S = 5.0
_CONNECT_S = 60.0  # Ray is large: a busy machine takes long to import it
_LOOK_S = 0.1
_ADDRESS = re.compile(r"auto|([^\s/@]+):(\d+)")
_HEAD = "ray start --head --node-ip-address 127.0.0.1 --port 6379 --resources '{\"breakeven\": 1}'"
_NODE = "ray start --address HOST:PORT --resources '{\"breakeven\": 1}'"
_TOKEN = "RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH=FILE"  # noqa: S105  # how to name one, none itself


class Ray(OnNodes):
    """A driver of the cluster at ``address``; each node with the resource is a node, called by its address and port."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Connect and wait for the first node; raise EngineUnusable."""
        super().__init__(options)
        self._address = _checked(str(options["address"]))
        self._guard = Lock()
        self._numbers = count()
        self._running: dict[int, Future[bytes]] = {}
        self._known: Sequence[str] = ()
        self._connected, self._judging = False, True
        self._unfit: dict[str, str] = {}
        self._refused = ""
        self._lost = False
        self._heard = Event()
        self._driver = RayProcess(self._address)
        self._reader = Thread(target=self._listen, name="ray-answers", daemon=True)
        self._reader.start()
        try:
            self._await_driver()
            self._await_nodes(options["patience"] / 1e9)
        except BaseException:  # whatever it is, the process must not stay
            self.close()
            raise

    def _nodes(self) -> Sequence[str]:
        return self._known

    def _start(self, node: str, order: Order) -> Future[bytes]:
        answer: Future[bytes] = Future()
        number = next(self._numbers)
        with self._guard:
            self._running[number] = answer
        if not self._driver.ask(number=number, node=node, order=order.to_text()) or self._lost:
            self._fail()
        return answer

    # --- what the driver says ----------------------------------------------------------------------------

    def _listen(self) -> None:
        """Read the lines of the driver; if it ends, the cluster has ended for this sweep."""
        for line in self._driver.lines():
            self._take(json.loads(line))
            self._heard.set()
        self._known, self._lost = (), True
        self._fail()
        self._heard.set()

    def _take(self, said: Mapping[str, Any]) -> None:
        """Read one line: which nodes there are, the answer to an order, or what became of it."""
        if "nodes" in said:
            self._known, self._unfit, self._judging = said["nodes"], said["unfit"], said["judging"]
            self._connected = True
        elif "unusable" in said:
            self._refused = said["unusable"]
        elif "answer" in said:
            self._forget(said["answer"]).set_result(b64decode(said["bytes"]))
        elif "lost" in said:
            self._forget(said["lost"]).set_exception(NodeLost(said["reason"]))
        else:
            self._forget(said["failed"]).set_exception(EngineLost(said["reason"]))

    def _forget(self, number: int) -> Future[bytes]:
        with self._guard:
            return self._running.pop(number, Future())

    def _fail(self) -> None:
        """End all that is under way: nothing will be heard of it."""
        for number in tuple(self._running):
            self._forget(number).set_exception(
                EngineLost(
                    f"the Ray cluster at {self._address} no longer answers; the same command resumes the sweep"
                )
            )

    # --- the beginning and the end -----------------------------------------------------------------------

    def _await(self, true: Callable[[], bool], seconds: float) -> None:
        """Wait until the driver says what makes a condition true, says nothing more, or the time is over."""
        end = monotonic() + seconds
        while not true() and not self._lost and not self._driver.was_refused() and monotonic() < end:
            self._heard.wait(_LOOK_S)
            self._heard.clear()

    def _await_driver(self) -> None:
        """Wait until the driver is connected; raise EngineUnusable."""
        self._await(lambda: self._connected or bool(self._refused), _CONNECT_S)
        if self._driver.was_refused():
            raise self._unusable(f"the cluster accepts no driver without its token; name it with {_TOKEN}")
        if self._refused:
            raise self._unusable(_first_sentence(self._refused))
        if not self._connected:
            why = self._driver.last_line() if self._lost else f"no answer within {_CONNECT_S:g} s"
            raise self._unusable(f"Ray's driver does not connect: {why}")

    def _await_nodes(self, seconds: float) -> None:
        """Wait for the first node; raise EngineUnusable."""
        self._await(lambda: not self._judging and bool(self._known or self._unfit), seconds)
        if self._unfit:
            name, reason = next(iter(self._unfit.items()))
            raise EngineUnusable(f"engine=ray: node {name} cannot measure: {reason}")
        if not self._known:
            raise self._unusable(
                f"no node offers the resource breakeven after {seconds:g} s; start one on each machine that measures, with {_NODE}"
            )

    def _unusable(self, why: str) -> EngineUnusable:
        return EngineUnusable(f"engine.address={self._address}: {why}")

    def close(self) -> None:
        """End the current runs, drop the queued ones and disconnect; idempotent."""
        if self._closed:
            return
        self._closed = True
        if self._connected:
            self._driver.end()
        else:  # it has nothing on any node, and may be waiting for Ray
            self._driver.end(0)
        self._reader.join()
        self._driver.forget()


def _first_sentence(text: str) -> str:
    """Return what Ray says without its advice; one that is about tokens is short of ours."""
    first = text.partition(". ")[0]
    return f"{first}; name one with {_TOKEN}" if "TOKEN" in first.upper() else first


def _checked(address: str) -> str:
    """Return an address at which something answers; raise EngineUnusable."""
    if find_spec("ray") is None:
        raise EngineUnusable(
            "engine=ray needs the package ray, which is not installed: pip install 'breakeven[ray]'"
        )
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise EngineUnusable(
            f"engine.address={address}: not an address of a Ray cluster; write HOST:PORT, as ray start --head prints it, or auto, and "
            "type the command on a machine of the cluster"
        )
    if address == "auto":
        return address
    try:
        socket.create_connection((found[1], int(found[2])), _REACH_S).close()
    except (OSError, OverflowError) as error:
        raise EngineUnusable(
            f"engine.address={address}: no Ray cluster answers there ({error}); start one with {_HEAD}, and write the address that it "
            "prints"
        ) from error
    return address
