"""What a plan still has to do, for any mixture of what is stored."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.conditions import CONDITIONS, ENVIRONMENT
from breakeven.base.keys import Key
from breakeven.base.statuses import FINAL, STATUSES
from breakeven.runner.engines import KINDS
from breakeven.runner.errors import ConditionsChanged
from breakeven.runner.planning.calibration import Calibration, Work
from breakeven.runner.planning.node_facts import NodeFacts
from breakeven.runner.planning.pending import Pending, find_pending
from breakeven.runner.planning.plan import Plan, make_plan
from breakeven.runner.planning.request import Origin
from breakeven.runner.planning.run import Run
from breakeven.runner.planning.settling import settle
from breakeven.runner.planning.variables import inherited_environment
from tests.fakes import request

NOW = datetime(2026, 1, 31, 14, 5, 9, tzinfo=UTC)
ENDINGS = [status for status in STATUSES if status != "incompatible"]


def _plan(**policy: Any) -> Plan:
    """Plan two cells with two rounds each."""
    requests = [request("model=thread", workers=n, rounds=2, sweep="mine", **policy) for n in (1, 2)]
    return make_plan(requests, Origin(Path("/work"), NOW), KINDS)


def _row(plan: Plan, status: str = "ok", **conditions: Any) -> dict[str, Any]:
    return {**plan.runs[0].conditions, "status": status, "wall_ns": 10**9, **conditions}


def _amounts(plan: Plan) -> dict[Work, Calibration]:
    """Return a calibration for each task of a plan."""
    works = [planned.work for planned in plan.planned]
    return {work: Calibration(work, 100, 10**6, "python") for work in works if work is not None}


def _key(run: Run) -> Key:
    return run.key


def _count(pending: Pending) -> tuple[int, int, int, int]:
    return len(pending.waiting), len(pending.done), len(pending.failed), len(pending.again)


def test_all_runs_of_a_new_sweep_wait() -> None:
    """In the order of the plan."""
    plan = _plan()
    pending = find_pending(plan, {})
    assert (pending.waiting, _count(pending)) == (plan.runs, (4, 0, 0, 0))


@given(st.lists(st.one_of(st.none(), st.sampled_from(ENDINGS)), min_size=4, max_size=4), st.booleans())
def test_every_run_is_in_one_place(statuses: list[str | None], retry: bool) -> None:
    """What ended well is done, what failed waits where it is to be tried again, the rest waits; none is lost."""
    plan = _plan(retry_failed=retry)
    stored = {run.key: _row(plan, s) for run, s in zip(plan.runs, statuses, strict=True) if s}
    pending = find_pending(plan, stored)
    assert sorted(map(_key, (*pending.waiting, *pending.done, *pending.failed))) == sorted(
        map(_key, plan.runs)
    )
    assert [stored[run.key]["status"] for run in pending.done] == [s for s in statuses if s in FINAL]
    failed = [s for s in statuses if s and s not in FINAL]
    assert len(pending.failed) == (0 if retry else len(failed))
    assert len(pending.again) == (len(failed) if retry else 0)
    assert set(pending.again) <= set(map(_key, pending.waiting))
    orders = [run.order for run in pending.waiting]
    assert orders == sorted(orders)


def test_other_conditions_stop_a_sweep() -> None:
    """What differs is told with both values and how many runs it is about, and what to do."""
    plan = _plan()
    stored = {
        plan.runs[0].key: _row(plan, kernel="Linux 1.0", sources=f"{'0' * 16}  mine.py"),
        plan.runs[1].key: _row(plan, kernel="Linux 1.0"),
    }
    with pytest.raises(ConditionsChanged) as refusal:
        find_pending(plan, stored)
    kernel = plan.runs[0].conditions["kernel"]
    assert str(refusal.value) == (
        "mine holds 2 runs measured under other conditions (source of the function: mine.py no longer imported (1 run); "
        f"kernel: Linux 1.0, now {kernel} (2 runs)); measure them again with on_change=remeasure, "
        "keep them beside new ones with on_change=keep, or start another sweep with sweep=NAME"
    )


def test_every_condition_has_a_name() -> None:
    """What a run is planned under is what the summary and the comparison look at, no more and no less."""
    (run, *_) = settle(_plan(), _amounts(_plan()), {}).runs
    assert set(run.known_conditions) == set(CONDITIONS)


def test_other_conditions_can_be_kept() -> None:
    """Then the runs are done, and what changed is still told."""
    plan = _plan(on_change="keep")
    pending = find_pending(plan, {plan.runs[0].key: _row(plan, hostname="elsewhere")})
    assert _count(pending) == (3, 1, 0, 0)
    assert [changed.change.column for changed in pending.changed] == ["hostname"]


def test_other_conditions_can_be_measured_again() -> None:
    """Those runs are set aside and wait; runs under the same conditions are done."""
    plan = _plan(on_change="remeasure")
    stored = {
        plan.runs[0].key: _row(plan, code="0" * 16),
        plan.runs[1].key: _row(plan),
    }
    pending = find_pending(plan, stored)
    assert (_count(pending), pending.again) == ((3, 1, 0, 1), (plan.runs[0].key,))


def test_a_run_that_failed_under_other_conditions_is_told_as_well() -> None:
    """It was mended, maybe: it is made again with the others, or alone, and is not taken for the present code's."""
    stored = {_plan().runs[0].key: _row(_plan(), "crashed", sources=f"{'0' * 16}  mine.py")}
    with pytest.raises(ConditionsChanged) as refusal:
        find_pending(_plan(), stored)
    assert str(refusal.value) == (
        "mine holds 1 run (1 failed) measured under other conditions (source of the function: mine.py "
        "no longer imported (1 run)); measure them again with on_change=remeasure, keep them beside new ones with "
        "on_change=keep retry_failed=true, or start another sweep with sweep=NAME"
    )
    assert _count(find_pending(_plan(on_change="remeasure"), stored)) == (4, 0, 0, 1)
    assert _count(find_pending(_plan(retry_failed=True), stored)) == (4, 0, 0, 1)
    assert _count(find_pending(_plan(on_change="keep"), stored)) == (3, 0, 1, 0)


def _on_nodes(**policy: Any) -> Plan:
    """Plan the same for an engine with nodes."""
    engine = {"name": "dask", "address": "tcp://127.0.0.1:1", "placement": "any", "patience": "1s"}
    return _plan(engine=engine, **policy)


def test_the_host_of_a_node_is_no_condition_and_its_cpu_is() -> None:
    """Runs of any host are kept while a node has their CPU model; where none has, they are treated as other changes are."""
    plan = _on_nodes()
    stored = {run.key: _row(plan, hostname=f"n{place}", cpu_model="X") for place, run in enumerate(plan.runs)}
    for models in ("", "X", "XY"):
        assert _count(find_pending(plan, stored, _nodes(models))) == (0, 4, 0, 0)
    with pytest.raises(ConditionsChanged, match=r"\(CPU: X, now Y and Z \(4 runs\)\)"):
        find_pending(plan, stored, _nodes("ZY"))
    kept = find_pending(_on_nodes(on_change="keep"), stored, _nodes("Y"))
    assert (_count(kept), [str(one) for one in kept.changed]) == ((0, 4, 0, 0), ["CPU: X, now Y (4 runs)"])
    assert _count(find_pending(_on_nodes(on_change="remeasure"), stored, _nodes("Y"))) == (4, 0, 0, 4)


def _nodes(models: str) -> list[NodeFacts]:
    """Return what nodes with these CPU models say, which have another path for the interpreter."""
    environment = inherited_environment()
    return [NodeFacts(cpu_model=model, environment=environment, executable="/elsewhere") for model in models]


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ({}, []),
        ({"python_build": "GCC 13"}, []),
        ({"python_build": "GCC 9"}, ["Python build: GCC 9, now Clang 18 and GCC 13 (1 run)"]),
        ({"python_version": "3.11.1"}, ["Python: 3.11.1, now 3.11.2 (1 run)"]),
        ({ENVIRONMENT: "OMP_NUM_THREADS=1"}, []),
        (
            {ENVIRONMENT: "LD_PRELOAD=a.so\nOMP_NUM_THREADS=2"},
            ["environment: LD_PRELOAD=a.so, now unset (1 run)"],
        ),
        ({ENVIRONMENT: "OMP_NUM_THREADS=4"}, ["environment: OMP_NUM_THREADS=4, now 1 (1 run)"]),
        ({ENVIRONMENT: None}, []),
    ],
)
def test_what_a_run_had_on_its_node_is_compared_with_what_nodes_have_now(
    stored: dict[str, Any], told: list[str]
) -> None:
    """The machine of the command may have another Python and other variables: it measures nothing."""
    plan = _on_nodes(on_change="keep")
    run = plan.runs[0]
    python = {"executable": run.executable, "python_version": "3.11.2", "implementation": "cpython"}
    nodes = [
        NodeFacts(cpu_model="X", environment="OMP_NUM_THREADS=1", python_build="GCC 13", **python),
        NodeFacts(cpu_model="X", environment="OMP_NUM_THREADS=2", python_build="Clang 18", **python),
    ]
    of_node = {
        "cpu_model": "X",
        "python_version": "3.11.2",
        "implementation": "cpython",
        "python_build": "GCC 13",
    }
    row = _row(plan, **(of_node | {ENVIRONMENT: "OMP_NUM_THREADS=2"} | stored))
    assert [str(one) for one in find_pending(plan, {run.key: row}, nodes).changed] == told
    assert not find_pending(plan, {run.key: row}).changed


def test_a_run_whose_node_is_not_known_has_no_cpu_to_compare() -> None:
    """It crashed with its node; and at home, where the plan knows the machine, nodes are not asked."""
    plan = _on_nodes()
    stored = {plan.runs[0].key: _row(plan, "crashed", cpu_model=None)}
    assert not find_pending(plan, stored, _nodes("Y")).changed
    here = _plan()
    assert not find_pending(here, {here.runs[0].key: _row(here)}, _nodes("Y")).changed
