"""What is compared with what: sides of stored sweeps, and the pairs of their cells; refusals word for word."""

from __future__ import annotations

from typing import Any

import pytest

from breakeven.analysis.comparing import compare
from breakeven.analysis.comparing.select import open_side
from breakeven.analysis.errors import (
    AmbiguousPairs,
    NoMatch,
    NothingPaired,
    SameRuns,
    UnknownName,
)
from breakeven.base.errors import BadInput, BadValue
from tests.analysis_samples import MS, Sample
from tests.compared import FASTER, SLOWER, called, other, refusal, whole


def test_lower_is_better_where_it_is(sample: Sample) -> None:
    """A shorter round trip is faster, a lower throughput is not."""
    for label, values in (("a", FASTER), ("b", SLOWER)):
        sample.add_rounds(values, label=label)
        factors: dict[str, Any] = {"pattern": "pingpong", "model": "process", "task_ns": None}
        sample.add_rounds(values, column="latency_p50_ns", label=label, **factors)
    cells = compare("label=a", "label=b", within="outputs/a").set_index("pattern")
    assert cells["verdict"].to_dict() == {"map": "slower", "pingpong": "faster"}
    assert cells["effect"].to_dict() == pytest.approx({"map": 1 / 1.3, "pingpong": 1.3}, rel=1e-3)
    assert cells["measure"].to_dict() == {"map": "throughput", "pingpong": "latency_p50"}


# --- selection


def test_a_side_is_a_folder_a_selection_or_both(sample: Sample) -> None:
    """The same cells by each way of naming them."""
    second = other(sample)
    sample.add_rounds(SLOWER, model="thread")
    second.add_rounds(FASTER, model="thread")
    second.add_rounds(FASTER, model="process")
    for b in ("outputs/b:model=thread", str(second.path) + ":model=thread,workers=2"):
        assert compare("outputs/a", b)["verdict"].tolist() == ["faster"]
    comparison = whole("model=thread", "outputs/b:model=process")
    assert [str(comparison.a), str(comparison.b)] == ["outputs/a:model=thread", "outputs/b:model=process"]
    assert comparison.cells["verdict"].tolist() == ["faster"]


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        ("payload=1MiB", [1]),
        ("payload=1024KiB,payload_out=null", [1]),
        ("payload_bytes=1048576", [1]),
        ("payload=0", [2]),
        ("task=1ms", [0, 1]),
        ("task=0.2ms", [2]),
        ("task=null", [3]),
        ("window=100ms", [3]),
        ("interpreter=python3.13t", [3]),
        ("interpreter=3.11", [0, 1]),
        ("interpreter=3.1", [2]),
        ("interpreter=/opt/python3.13t", [3]),
        ("python_version=3.13", [3]),
        ("gil_enabled=false", [3]),
        ("model=thread,workers=2,payload=1KiB", [0]),
        ("start_method=null", [0, 2, 3]),
        ("workload.target=mymodule:work", [0]),
        ("function=mymodule:other", [1]),
        ("payload_bytes=1013", [0]),
        ("measure.max_time=1000ms", [1]),
        ("workload.args=[1]", [0, 1]),
    ],
)
def test_keys_and_values_are_those_that_people_type(
    sample: Sample, selection: str, selected: list[int]
) -> None:
    """Names of knobs, units, paths and names of interpreters, beginnings of versions, null."""
    rows: list[dict[str, Any]] = [
        called("mymodule:work", "500ms") | {"payload_asked_bytes": 1024, "payload_bytes": 1013},
        called("mymodule:other", "1s")
        | {"payload_asked_bytes": 2**20, "payload_bytes": 2**20, "start_method": "fork"},
        {"payload_bytes": 0, "task_ns": MS // 5, "workers": 4, "python_version": "3.1.7"},
        {
            "pattern": "window",
            "window_ns": 100 * MS,
            "task_ns": None,
            "workers": 8,
            "gil_enabled": False,
            "interpreter": "/opt/python3.13t",
            "python_version": "3.13.2",
        },
    ]
    cells = [sample.add_rounds(SLOWER, **row) for row in rows]
    assert set(open_side("A", selection, sample.path).runs["cell_id"]) == {cells[place] for place in selected}


NAMES: list[dict[str, Any]] = [
    {"interpreter": "python3.13", "python_version": "3.13.5"},
    {"interpreter": "python3.13t", "python_version": "3.13.5", "gil_enabled": False},
    {"interpreter": "current", "executable": "/venv/bin/python", "python_version": "3.14.1"},
    {"interpreter": "python3.14", "python_version": "3.14.2"},
    {"interpreter": "/free/bin/python", "python_version": "3.12.1", "python_build": "GCC, free-threaded"},
    {"interpreter": "/gil/bin/python", "python_version": "3.12.1", "python_build": "GCC"},
]


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        ("interpreter=3.13", [0]),
        ("interpreter=3.13t", [1]),
        ("interpreter=cpython3.13t", [1]),
        ("interpreter=3.13,3.13t", [0, 1]),
        ("interpreter=current", [2]),
        ("interpreter=3.14", [3]),
        ("interpreter=3.14.1", [2]),
        ("interpreter=3.12", [4, 5]),
        ("interpreter=3.12t", [4]),
        ("python_version=3.14,interpreter=3.14", [3]),
    ],
)
def test_an_interpreter_goes_by_the_name_that_the_sweep_gave_it(
    sample: Sample, selection: str, selected: list[int]
) -> None:
    """Whatever else has that version; by its version if none has that name."""
    cells = [sample.add_rounds(SLOWER, **row) for row in NAMES]
    assert set(open_side("A", selection, sample.path).runs["cell_id"]) == {cells[place] for place in selected}


@pytest.mark.parametrize(
    ("selection", "kind", "message"),
    [
        (
            "modle=thread",
            UnknownName,
            (
                "A: modle=thread: no factor modle (did you mean model?); there are label, workload, function, model, start_method, "
                "ipc, pattern, workers, payload, payload_out, tasks, task, window, interpreter, interpreter_flags, affinity, "
                "what is known of the machine and the interpreter (such as python_version), and knobs (such as measure.max_time)"
            ),
        ),
        (
            "model=threads",
            NoMatch,
            "A: outputs/a has no cell with model=threads (did you mean thread?); its values of model are process, thread",
        ),
        (
            "model=process,workers=2",
            NoMatch,
            (
                "A: outputs/a has no cell with workers=2 among the cells that the conditions before it leave; "
                "its values of workers are 4"
            ),
        ),
        (
            "payload=64",
            BadValue,
            "payload=64: the unit is missing; write for example 64B (units: B KB KiB MB MiB GB GiB)",
        ),
        (
            "payload=64kb",
            BadValue,
            "payload=64kb: kb is not a unit of size (did you mean KB?); the units are B KB KiB MB MiB GB GiB",
        ),
        (
            "task=soon",
            BadValue,
            "task=soon: not a time; write a number and a unit, such as 1ms (units: ns us ms s min)",
        ),
        (
            "task=3ms",
            NoMatch,
            "A: outputs/a has no cell with task=3ms (did you mean 1ms?); its values of task are 1ms",
        ),
        ("workers=two", BadValue, "workers=two: not a number; write one such as workers=2"),
        (
            "gil_enabled=off",
            BadValue,
            "gil_enabled=off: neither true nor false; write gil_enabled=true or gil_enabled=false",
        ),
        (
            "model=",
            BadValue,
            "A: model=: no selection; write key=value[,key=value...], such as model=thread",
        ),
        ("status=ok", UnknownName, None),
    ],
)
def test_a_selection_that_cannot_be_is_refused_in_one_line(
    sample: Sample, selection: str, kind: type[BadInput], message: str | None
) -> None:
    """An unknown key, a value that no cell has, an amount without unit: what there is instead."""
    sample.add_rounds(SLOWER, model="thread")
    sample.add_rounds(SLOWER, model="process", workers=4)
    refused = refusal(kind, selection, "model=thread")
    assert "\n" not in refused
    assert message in {None, refused}


def test_only_runs_that_ended_well_are_compared(sample: Sample) -> None:
    """The others are counted; a side of nothing else is refused."""
    sample.add_rounds(SLOWER, label="a")
    sample.add_bad("timeout", "too long", label="a", workers=4)
    sample.add_bad("crashed", "signal 9", label="b")
    assert refusal(NoMatch, "label=a", "label=b") == (
        "B: outputs/a:label=b has no run of status ok, only crashed; nothing can be compared"
    )
    sample.add_rounds(FASTER, label="b", workers=4)
    sample.add_rounds(FASTER, label="b")
    comparison = whole("label=a", "label=b")
    assert comparison.cells["verdict"].tolist() == ["faster"]
    assert comparison.a.left_out["status"].tolist() == ["timeout"]
    assert comparison.unpaired[["side", "reason"]].to_numpy().tolist() == [
        ["B", "its partner in A has no run of status ok"]
    ]


# --- pairs


def test_threads_meet_processes_that_have_a_start_method(sample: Sample) -> None:
    """What follows from the model does not keep cells apart, nor does a pool's own transport."""
    sample.add_rounds(SLOWER, model="thread", ipc="queue")
    sample.add_rounds(FASTER, model="process", ipc="queue", start_method="fork")
    sample.add_rounds(FASTER, model="process", ipc="pipe", start_method="fork")
    sample.add_rounds(FASTER, model="process_pool", ipc="native", start_method="fork")
    comparison = whole("model=thread", "model=process")
    assert comparison.cells[["cell", "verdict", "differs"]].to_numpy().tolist() == [
        ["queue", "faster", "model thread v process, start_method null v fork"]
    ]
    assert comparison.unpaired.to_numpy()[:, 2:].tolist() == [
        ["pipe", "no such cell in A; the nearest has ipc queue, not pipe"]
    ]
    assert whole("model=thread", "model=process_pool").cells["differs"].tolist() == [
        "model thread v process_pool, start_method null v fork, ipc queue v native"
    ]


def test_knobs_that_a_workload_or_a_pattern_lacks_do_not_keep_cells_apart(sample: Sample) -> None:
    """A function sets its own task length, a window has no number of tasks and a map no window."""
    sample.add_rounds(SLOWER, workload="spin")
    sample.add_rounds(FASTER, workload="function", task_ns=None)
    assert compare("workload=spin", "workload=function", within="outputs/a")["verdict"].tolist() == ["faster"]
    sample.add_rounds(FASTER, pattern="window", tasks=None, window_ns=100 * MS)
    cells = compare("workload=spin,pattern=map", "pattern=window", within="outputs/a")
    assert cells["differs"].tolist() == ["pattern map v window, tasks 200 v null, window null v 100ms"]


def test_several_partners_are_refused_with_what_separates_them(sample: Sample) -> None:
    """From whichever side it is ambiguous."""
    sample.add_rounds(SLOWER, model="thread")
    for start_method in ("fork", "spawn"):
        sample.add_rounds(FASTER, model="process", start_method=start_method)
    separate = (
        "they differ in start_method (fork, spawn): add start_method=fork, for example, to the selection"
    )
    assert refusal(AmbiguousPairs, "model=thread", "model=process") == (
        f"the cell: this cell of A has 2 partners in B; {separate}"
    )
    assert refusal(AmbiguousPairs, "model=process", "model=thread") == (
        f"the cell: this cell of B has 2 partners in A; {separate}"
    )
    cells = compare("model=thread", "model=process,start_method=spawn", within="outputs/a")
    assert cells["verdict"].tolist() == ["faster"]


def test_cells_that_only_differ_in_how_they_were_measured_are_told_apart_by_that(sample: Sample) -> None:
    """A sweep over measure.max_time has several cells of the same factors."""
    second = other(sample)
    sample.add_rounds(SLOWER, **called("m:f", "1s"))
    for time in ("1s", "2s"):
        second.add_rounds(FASTER, **called("m:f", time))
    assert refusal(AmbiguousPairs, "outputs/a", "outputs/b").endswith(
        "they differ in measure.max_time (1s, 2s): add measure.max_time=1s, for example, to the selection"
    )
    assert compare("outputs/a", "outputs/b:measure.max_time=2s")["verdict"].tolist() == ["faster"]


def test_options_of_a_workload_are_factors_too(sample: Sample) -> None:
    """Two functions are not the same cell, unless the selection is about them."""
    second = other(sample)
    sample.add_rounds(SLOWER, **called("m:f", "1s"))
    second.add_rounds(FASTER, **called("m:g", "1s"))
    assert refusal(NothingPaired, "outputs/a", "outputs/b") == (
        "no cell of A has a partner in B, such as m:f, thread: "
        "no such cell in B; the nearest has function m:g, not m:f"
    )
    sides = ("outputs/a:workload.target=m:f", "outputs/b:workload.target=m:g")
    assert compare(*sides)["differs"].tolist() == ["function m:f v m:g"]


def test_what_comes_back_follows_the_payload(sample: Sample) -> None:
    """Two payloads are compared although payload_out is another with each."""
    for payload in (1024, 2**20):
        sample.add_rounds(SLOWER, payload_bytes=payload)
    assert len(compare("payload=1KiB", "payload=1MiB", within="outputs/a")) == 1


def test_labels_are_told_apart_unless_they_are_selected(sample: Sample) -> None:
    """A label is a factor like any other."""
    for label in ("x", "y"):
        for model in ("thread", "process"):
            sample.add_rounds(SLOWER, label=label, model=model)
    assert compare("model=thread", "model=process", within="outputs/a")["label"].tolist() == ["x", "y"]
    assert compare("label=x", "label=y", within="outputs/a")["model"].tolist() == ["thread", "process"]


def test_the_same_runs_are_not_compared_with_themselves(sample: Sample) -> None:
    """A sweep with itself shows nothing."""
    sample.add_rounds(SLOWER)
    assert refusal(SameRuns, "outputs/a", "outputs/a") == (
        "A (outputs/a) and B (outputs/a) share runs; select by what distinguishes them, such as model=thread and model=process"
    )


def test_every_cell_is_compared_or_listed(sample: Sample) -> None:
    """Nothing is dropped silently, whichever cells either side has."""
    second = other(sample)
    ids = {"A": [sample.add_rounds(SLOWER, workers=workers) for workers in (1, 2, 3, 4)]}
    ids["B"] = [second.add_rounds(FASTER, workers=workers) for workers in (3, 4, 5)]
    comparison = whole("outputs/a", "outputs/b")
    alone = comparison.unpaired.groupby("side")["cell_id"].agg(list)
    assert sorted([*comparison.cells["cell_id_a"], *alone["A"]]) == sorted(ids["A"])
    assert sorted([*comparison.cells["cell_id_b"], *alone["B"]]) == sorted(ids["B"])
    assert len(comparison.cells) == 2


# --- measures


def test_any_measure_can_be_asked_for(sample: Sample) -> None:
    """A cell that lacks it cannot be told; an unknown one is refused."""
    for label, values in (("a", (2e6, 2.1e6, 2.2e6)), ("b", (1e6, 1.1e6, 1.2e6))):
        sample.add_rounds(values, column="startup_ns", label=label)
    assert compare("label=a", "label=b", within="outputs/a", by="startup")["verdict"].tolist() == ["faster"]
    row = compare("label=a", "label=b", within="outputs/a", by="speedup").iloc[0]
    assert (row["verdict"], row["reason"]) == ("cannot tell", "a round of A has no value of this measure")
    assert refusal(UnknownName, "label=a", "label=b", by="speed") == (
        "--by speed: no such measure (did you mean speedup?); there are speedup, throughput, latency_p50, latency_p99, startup"
    )
    assert refusal(BadValue, "label=a", "label=b", band=5) == (
        "band=5: not a share from 0 to below 1; write one such as 0.05"
    )
