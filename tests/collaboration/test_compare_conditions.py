"""Sides of stored sweeps that were measured under other conditions: refused word for word, allowed by name."""

from __future__ import annotations

from typing import Any

import pytest

from breakeven.analysis.comparing import compare
from breakeven.analysis.errors import (
    SidesDiffer,
    UnknownName,
)
from breakeven.base.conditions import CONDITIONS as KEPT
from breakeven.base.conditions import ENVIRONMENT, PACKAGES, SOURCES
from tests.analysis_samples import Sample
from tests.compared import FASTER, SLOWER, called, other, refusal, whole
from tests.stored import commit

# --- conditions


CONDITIONS: list[tuple[str, Any, Any, str]] = [
    ("hostname", "one", "two", "hostname: one in A, two in B"),
    ("cpu_model", "x", "y", "cpu_model: x in A, y in B"),
    ("cpu_count", 2, 4, "cpu_count: 2 in A, 4 in B"),
    ("threads_per_core", 1, 2, "threads_per_core: 1 in A, 2 in B"),
    ("kernel", "6.1", "6.2", "kernel: 6.1 in A, 6.2 in B"),
    ("virtualisation", "none", "kvm", "virtualisation: none in A, kvm in B"),
    ("python_version", "3.11.7", "3.11.8", "python_version: 3.11.7 in A, 3.11.8 in B"),
    ("implementation", "cpython", "pypy", "implementation: cpython in A, pypy in B"),
    ("python_build", "-O2", "-O3", "python_build: -O2 in A, -O3 in B"),
    ("gil_enabled", True, False, "gil_enabled: true in A, false in B"),
    ("jit_enabled", None, True, "jit_enabled: none in A, true in B"),
    ("cpu_quota", None, 1.5, "cpu_quota: none in A, 1.5 in B"),
    ("memory_limit_bytes", None, 2**30, "memory_limit_bytes: none in A, 1073741824 in B"),
    ("packages", "numpy 1.26.4\npip 24", "numpy 2.1.0\npip 24", "packages: numpy: 1.26.4 in A, 2.1.0 in B"),
    ("packages", "a==1", "a==1\nb==2", "packages: b: none in A, 2 in B"),
    ("breakeven_version", "0.1.0", "0.2.0", "breakeven_version: 0.1.0 in A, 0.2.0 in B"),
    ("code", "0a1b", "2c3d", "code: 0a1b in A, 2c3d in B"),
    ("engine", "local", "debug", "engine: local in A, debug in B"),
    ("environment", "A=1\nB=2", "A=2\nB=2", "environment: A: 1 in A, 2 in B"),
    ("environment", "", "LD_PRELOAD=x.so", "environment: LD_PRELOAD: unset in A, x.so in B"),
    ("environment", None, "A=1", "environment: A: unknown in A, 1 in B"),
    ("governor", "performance", "powersave", "governor: performance in A, powersave in B"),
    ("clock_source", "tsc", "hpet", "clock_source: tsc in A, hpet in B"),
]


@pytest.mark.parametrize(("fact", "one", "two", "line"), CONDITIONS)
def test_each_condition_that_differs_is_named_and_can_be_allowed(
    sample: Sample, fact: str, one: Any, two: Any, line: str
) -> None:
    """Refused with the value on either side; with --allow of its name it is compared and told."""
    sample.add_rounds(SLOWER, facts={fact: one})
    other(sample).add_rounds(FASTER, facts={fact: two})
    assert refusal(SidesDiffer, "outputs/a", "outputs/b") == (
        f"A and B were not measured under the same conditions:\n  {line}\n"
        f"measure both under the same conditions, or accept the differences with --allow {fact}"
    )
    comparison = whole("outputs/a", "outputs/b", allow=(fact,))
    assert comparison.cells["verdict"].tolist() == ["faster"]
    assert [str(difference) for difference in comparison.allowed] == [line]


def test_all_that_differs_is_named_at_once_and_groups_allow_it(sample: Sample) -> None:
    """One line a difference; the remedy lists what is not allowed yet."""
    sample.add_rounds(SLOWER, facts={"hostname": "one", "kernel": "6.1", "cpu_quota": 2.0})
    other(sample).add_rounds(FASTER, facts={"hostname": "two", "kernel": "6.2"})
    sides = ("outputs/a", "outputs/b")
    assert refusal(SidesDiffer, *sides).splitlines()[1:] == [
        "  hostname: one in A, two in B",
        "  kernel: 6.1 in A, 6.2 in B",
        "  cpu_quota: 2 in A, none in B",
        "measure both under the same conditions, or accept the differences with --allow hostname,kernel,cpu_quota",
    ]
    assert refusal(SidesDiffer, *sides, allow=["host"]).endswith("--allow cpu_quota")
    assert len(compare(*sides, allow=["host", "limits"])) == 1
    assert refusal(UnknownName, *sides, allow=["hostnam"]).startswith(
        "--allow hostnam: no such fact (did you mean hostname?); there are host, interpreter, limits, versions, hostname, "
    )


def test_a_side_that_differs_within_itself_is_refused_too(sample: Sample) -> None:
    """A sweep resumed on another host, even where both sides have the same two hosts."""
    for label in ("a", "b"):
        for workers, host in ((1, "one"), (2, "two")):
            sample.add_rounds(SLOWER, label=label, workers=workers, facts={"hostname": host})
    assert refusal(SidesDiffer, "label=a", "label=b").splitlines()[1] == (
        "  hostname: one and two in A, one and two in B"
    )


@pytest.mark.parametrize("condition", KEPT)
def test_rounds_kept_from_other_conditions_are_refused(sample: Sample, condition: str) -> None:
    """After on_change=keep a cell has rounds of both: whichever condition it is, code included, it is named."""
    before, after = {
        "cpu_count": (2, 4),
        "task_amount": (100, 200),
        ENVIRONMENT: ("X=before", "X=after"),
        PACKAGES: ("x before", "x after"),
        SOURCES: (f"{'0' * 16}  mine.py", f"{'1' * 16}  mine.py"),
    }.get(condition, ("before", "after"))
    for label in ("a", "b"):
        cell = sample.add_rounds(SLOWER, label=label, facts={condition: before})
        kept = sample.sweep.read_run(cell, 0)
        assert kept is not None
        commit(sample.sweep, kept | {"round": len(SLOWER), condition: after})
    words = [str(value).removeprefix("X=").removeprefix("x ") for value in (before, after)]
    values = "2 versions" if condition == SOURCES else " and ".join(sorted(words))
    parts = {ENVIRONMENT: "X: ", "task_amount": "spin of 1 ms: ", PACKAGES: "x: ", SOURCES: "mine.py: "}
    part = parts.get(condition, "")
    line = f"{condition}: {part}{values} in A, {values} in B"
    assert refusal(SidesDiffer, "label=a", "label=b").splitlines()[1:] == [
        f"  {line}",
        f"measure both under the same conditions, or accept the differences with --allow {condition}",
    ]
    allowed = whole("label=a", "label=b", allow=(condition,)).allowed
    assert [str(difference) for difference in allowed] == [line]


def test_an_edit_of_the_function_may_be_what_is_compared(sample: Sample) -> None:
    """The sides may differ in its source, with nothing allowed."""
    sample.add_rounds(SLOWER, facts={"source": "before"})
    other(sample).add_rounds(FASTER, facts={"source": "after"})
    assert whole("outputs/a", "outputs/b").cells["verdict"].tolist() == ["faster"]


def test_what_was_selected_may_differ(sample: Sample) -> None:
    """Who compares interpreters is not refused for their versions, nor for a GIL; for packages still."""
    old: dict[str, Any] = {"python_version": "3.13.1", "interpreter": "python3.13"}
    new: dict[str, Any] = {"python_version": "3.14.0", "interpreter": "python3.14t", "gil_enabled": False}
    sample.add_rounds(SLOWER, **old, facts={"python_build": "x"})
    sample.add_rounds(FASTER, **new, facts={"python_build": "y"})
    for sides in (
        ("interpreter=python3.13", "interpreter=3.14"),
        ("python_version=3.13", "python_version=3.14"),
        ("gil_enabled=true", "gil_enabled=false"),
    ):
        comparison = whole(*sides)
        assert comparison.cells["verdict"].tolist() == ["faster"]
        assert [difference.fact for difference in comparison.allowed] == [
            "python_version",
            "python_build",
            "gil_enabled",
        ]


def test_interpreters_that_are_a_factor_of_both_sides_are_no_difference(sample: Sample) -> None:
    """Cells are held against those of the same interpreter."""
    for model in ("thread", "process"):
        for version in ("3.13.1", "3.14.0"):
            sample.add_rounds(SLOWER, model=model, interpreter=f"python{version}", python_version=version)
    comparison = whole("model=thread", "model=process")
    assert (len(comparison.cells), comparison.allowed) == (2, ())


def test_another_workload_may_import_other_packages(sample: Sample) -> None:
    """But not another version of the same one."""
    for target, packages in (
        ("m:f", "numpy 2.1.0"),
        ("m:g", "numpy 2.1.0\nscipy 1.15.0"),
        ("m:h", "numpy 2.2.0"),
    ):
        sample.add_rounds(SLOWER, **called(target, "1s"), facts={"packages": packages})
    assert len(compare("workload.target=m:f", "workload.target=m:g", within="outputs/a")) == 1
    assert "  packages: numpy: 2.1.0 in A, 2.2.0 in B\n" in refusal(
        SidesDiffer, "workload.target=m:f", "workload.target=m:h"
    )
