"""What runs on a node: one order, in a fresh process, with the machine's lock held."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from breakeven.base.conditions import CPU_MODEL, ENVIRONMENT
from breakeven.runner import host
from breakeven.runner.engines._abc import Calibrated
from breakeven.runner.engines.orders import CALIBRATION, FACTS, Order, answer_of
from breakeven.runner.environment import content_hash, lasting_facts
from breakeven.runner.errors import InterpreterUnusable, NotStored, PlanOutdated
from breakeven.runner.host.cleanup import private_folder
from breakeven.runner.locks import HostLock
from breakeven.runner.planning.carried import NotARun
from breakeven.runner.planning.interpreters import find_interpreter
from breakeven.runner.planning.node_facts import NodeFacts
from breakeven.runner.planning.run import Run, Source
from breakeven.runner.planning.variables import environment_that_matters, inherited_environment
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
        return answer_of(_facts(order.run.executable))
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


def _facts(executable: str) -> NodeFacts:
    known = NodeFacts(
        cpu_model=str(lasting_facts()[CPU_MODEL]), environment=inherited_environment(), executable=executable
    )
    try:
        found = find_interpreter(executable)
    except InterpreterUnusable:  # the runs say so, and how to mend it
        return known
    return replace(
        known,
        python_version=found.version,
        implementation=found.implementation,
        python_build=found.build,
    )


def _name() -> str:
    return os.uname().nodename


@contextmanager
def _at_home(order: Order) -> Iterator[Run]:
    """Provide the run with this node's environment, and with the user's modules where this node has them.

    They are as planned, or unpacked for this run alone.
    """
    run = _under(order.run, environment_that_matters(order.run.cell.environment))
    if run.source is None or _has(run.source):
        yield run
        return
    with private_folder() as folder:
        yield replace(run, path=folder, source=_unpacked(order, run.source, folder))


def _under(run: Run, environment: str) -> Run:
    return replace(run, conditions={**run.conditions, ENVIRONMENT: environment})


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
