"""Call functions of unknown length before a plan is shown, so that it can say how long the sweep takes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing, nullcontext

from breakeven.runner.engines.loading import open_engine
from breakeven.runner.errors import LockUnusable, MachineBusy
from breakeven.runner.host import clear_leftovers, kill_now
from breakeven.runner.locks import HostLock
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.settling import Calibrations
from breakeven.runner.sweep.calibrating import calibrate
from breakeven.runner.sweep.signals import ending_in_order


def probe(plan: Plan, known: Calibrations, cells: Sequence[PlannedCell]) -> Calibrations:
    """Return what is known with the lengths of the functions of ``cells``; nothing is stored.

    Not while a sweep measures here, which the calls would disturb: then a note says so.
    """
    aside = plan.sweep.with_name(f".probe-{os.getpid()}")  # the sweep itself may be under way
    try:
        with ending_in_order(kill_now), _alone(plan):
            clear_leftovers()
            with closing(open_engine(plan.engine, aside)) as engine:
                found = calibrate(plan, known.known, [planned.cell_id for planned in cells], engine)
    except MachineBusy as error:
        return _unknown(
            known,
            f"this machine is measuring {error.measured}, and a dry run does not wait; repeat it when that has ended",
        )
    except LockUnusable as error:
        return _unknown(known, str(error))
    return Calibrations(found.known, (*known.notes, *found.notes))


def _unknown(known: Calibrations, why: str) -> Calibrations:
    return Calibrations(known.known, (*known.notes, f"the length of your function is not known: {why}"))


def _alone(plan: Plan) -> AbstractContextManager[None]:
    """Hold the machine's lock if functions are called here; a node holds its own."""
    return HostLock().held(str(plan.sweep), wait=False) if plan.engine.here else nullcontext()
