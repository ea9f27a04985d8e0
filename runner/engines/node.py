"""What runs on a node: one order, in a fresh process, with the machine's lock held."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from breakeven.runner import host
from breakeven.runner.engines._abc import Calibrated
from breakeven.runner.engines.orders import CALIBRATION, FACTS, NodeFacts, Order, answer_of
from breakeven.runner.environment import content_hash, lasting_facts
from breakeven.runner.errors import NotStored, PlanOutdated
from breakeven.runner.host.cleanup import private_folder
from breakeven.runner.locks import HostLock
from breakeven.runner.planning.carried import NotARun
from breakeven.runner.planning.run import Run, Source
from breakeven.runner.results import RunResult


def carry_out(text: str, name: str | None = None) -> bytes:
    """Carry out an order on this machine and return the answer; wait while another sweep measures here.

    ``name`` is that of the node if whoever sent the order does not know it. Raise nothing that the measured code does.
    """
    try:
        order = Order.from_text(text)
    except NotARun as error:
        return answer_of(
            PlanOutdated(f"node {_name()}: {error}; install the same version of breakeven everywhere")
        )
    if order.kind == FACTS:
        return answer_of(_facts())
    try:
        with HostLock().held(order.sweep, wait=True), _at_home(order) as run:
            host.clear_leftovers()
            return answer_of(_named(_made(order.kind, run), name))
    except PlanOutdated as error:
        return answer_of(PlanOutdated(f"node {_name()}: {error}"))
    except (NotStored, host.Abandoned) as error:
        return answer_of(error)


def _made(kind: str, run: Run) -> RunResult | Calibrated:
    return host.calibrate(run) if kind == CALIBRATION else host.execute(run)


def _named(made: RunResult | Calibrated, node: str | None) -> RunResult | Calibrated:
    return replace(made, row={**made.row, "node": node}) if node and isinstance(made, RunResult) else made


def _facts() -> NodeFacts:
    return NodeFacts(hostname=_name(), cpu_model=str(lasting_facts()["cpu_model"]))


def _name() -> str:
    return os.uname().nodename


@contextmanager
def _at_home(order: Order) -> Iterator[Run]:
    """Provide the run with the user's modules where this node has them: as planned, or unpacked for this run alone."""
    source = order.run.source
    if source is None or _has(source):
        yield order.run
        return
    with private_folder() as folder:
        yield replace(order.run, path=folder, source=_unpacked(order, source, folder))


def _has(source: Source) -> bool:
    """Return whether the files of a function are here, as they were planned."""
    try:
        return all(
            content_hash(path) == digest for path, digest in zip(source.files, source.hashes, strict=True)
        )
    except OSError:
        return False


def _unpacked(order: Order, source: Source, folder: Path) -> Source:
    """Write the files that came with an order, and return the source with their paths; others must be here."""
    paths = []
    for path in source.files:
        name = os.path.relpath(path, source.folder)
        if name not in order.files:
            paths.append(path)
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(order.files[name])
        paths.append(str(target))
    return replace(source, folder=str(folder), files=tuple(paths))
