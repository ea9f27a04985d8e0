"""Runs on the workers of a Dask cluster, one at a time on each worker that offers the resource ``breakeven``.

Orders and answers are bytes of our own; what Dask pickles on the way is the reference to a function and these bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from importlib import import_module
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

from breakeven.runner import host
from breakeven.runner.engines._dask_tls import check_certificate
from breakeven.runner.engines._nodes import NodeLost, OnNodes
from breakeven.runner.engines.orders import Order
from breakeven.runner.errors import EngineLost, EngineUnusable

RESOURCE = "breakeven"
_ON_NODE = "breakeven.runner.engines.dask_node"
_LOOK_S = 0.5  # between two looks at which workers there are
_CONNECT_S = 10.0
_CLOSE_S = 2.0
_ANSWER_S = 10.0  # of a scheduler that lives; a client of one that is gone waits for it to come back
_START = f"dask worker ADDRESS --nthreads 1 --nworkers 1 --resources '{RESOURCE}=1'"


class Dask(OnNodes):
    """A client of the scheduler at ``address``; each worker with the resource is a node."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Connect and wait for the first node; raise EngineUnusable."""
        super().__init__(options)
        self._address = str(options["address"])
        patience_s = options["patience"] / 1e9
        self._client = _connect(self._address, min(patience_s, _CONNECT_S))
        self._carry_out = import_module(_ON_NODE).carry_out  # it imports Dask, which is there now
        self._guard = Lock()
        self._running: dict[Future[bytes], tuple[str, Any]] = {}
        self._known: Sequence[str] = ()
        self._lost: EngineLost | None = None
        self._end = Event()
        self._await_nodes(patience_s)
        self._watch = Thread(target=self._look, name="dask-nodes", daemon=True)
        self._watch.start()

    def _nodes(self) -> Sequence[str]:
        return self._known

    def _start(self, node: str, order: Order) -> Future[bytes]:
        if self._client.status == "closed" and self._lost is None:  # it gave up before the next look
            self._fail("its client is closed")
        if self._lost is not None:
            raise self._lost
        answer: Future[bytes] = Future()
        asked = self._client.submit(
            self._carry_out,
            order.to_text(),
            workers=[node],
            allow_other_workers=False,
            resources={RESOURCE: 1},
            pure=False,
            retries=0,
        )
        with self._guard:
            self._running[answer] = node, asked
        asked.add_done_callback(partial(self._done, answer))
        if self._lost is not None and self._forget(answer) is not None:  # meanwhile: nobody else would end it
            raise self._lost
        return answer

    def _done(self, answer: Future[bytes], asked: Any) -> None:
        """Take the answer of a node; if Dask has none, for any reason, the node is lost."""
        if self._forget(answer) is None:
            return
        if asked.status == "finished":
            answer.set_result(asked.result())
        elif asked.status == "error" and not _is_loss(asked.exception()):
            answer.set_exception(asked.exception())
        else:
            answer.set_exception(NodeLost(f"Dask reports it as {asked.status}"))

    def _forget(self, answer: Future[bytes]) -> Any:
        with self._guard:
            return self._running.pop(answer, None)

    def _look(self) -> None:
        """Keep the list of nodes, and end what waits for one that is gone, until the scheduler is."""
        try:
            while not self._end.wait(_LOOK_S):
                self._known = self._present()
                self._end_those_without_node()
        except Exception as error:  # noqa: BLE001  # a client without its scheduler raises many kinds; a sweep must not wait for ever
            self._fail(str(error) or type(error).__name__)

    def _end_those_without_node(self) -> None:
        with self._guard:
            gone = [(answer, *rest) for answer, rest in self._running.items() if rest[0] not in self._known]
        for answer, node, asked in gone:
            if self._forget(answer) is not None:
                asked.cancel()
                answer.set_exception(NodeLost(f"{node} is gone"))

    def _fail(self, why: str) -> None:
        """End all that is under way, and let nothing begin any more: the scheduler is gone."""
        what = f"the Dask scheduler at {self._address} no longer answers ({why})"
        self._lost = lost = EngineLost(f"{what}; the same command resumes the sweep")
        self._known = ()
        for answer in tuple(self._running):
            if self._forget(answer) is not None:
                answer.set_exception(lost)

    def _present(self) -> list[str]:
        """Return the addresses of the workers that offer the resource; raise OSError if the scheduler is gone."""
        asked = self._client.scheduler.identity
        found = self._client.sync(asked, n_workers=-1, callback_timeout=_ANSWER_S)["workers"]
        return sorted(address for address, about in found.items() if about["resources"].get(RESOURCE, 0) >= 1)

    def _await_nodes(self, seconds: float) -> None:
        end = monotonic() + seconds
        while not self._known:
            self._known = self._present()
            if not self._known and monotonic() > end:
                self._client.close()
                raise EngineUnusable(
                    f"engine.address={self._address}: no worker offers the resource {RESOURCE} after {seconds:g} s; start one on each "
                    f"machine that measures, with {_START}"
                )
            self._end.wait(_LOOK_S if not self._known else 0)

    def close(self) -> None:
        """End the current runs, drop the queued ones and disconnect; idempotent."""
        if self._closed:
            return
        self._closed = True
        self._end.set()
        running = [asked for _, asked in self._running.values()]
        self._watch.join()
        if running and self._known:
            self._client.cancel(running)
            self._client.run(host.abandon, workers=list(self._known), on_error="ignore")
        self._client.close(timeout=_CLOSE_S)


def _connect(address: str, seconds: float) -> Any:
    """Return a client; raise EngineUnusable if there is none within ``seconds``."""
    try:
        from distributed import Client  # noqa: PLC0415  # an extra, and a second to import
    except ImportError as error:
        raise EngineUnusable(
            "engine=dask needs the package distributed, which is not installed: pip install 'breakeven[dask]'"
        ) from error
    check_certificate(address, seconds)
    try:
        return Client(address, timeout=seconds, set_as_default=False, name="breakeven")
    except (OSError, ValueError) as error:  # what it raises for an address that is none
        raise EngineUnusable(
            f"engine.address={address}: no Dask scheduler answers there within {seconds:g} s ({error}); start one with "
            "dask scheduler --host 127.0.0.1 --no-dashboard, and write the address that it prints"
        ) from error


def _is_loss(error: BaseException) -> bool:
    """Return whether Dask gave an order up because workers ended with it."""
    return type(error).__name__ == "KilledWorker"
