"""Contract of patterns and workloads: counted, calibrated and checked."""

from __future__ import annotations

import itertools
import pickle

import pytest

from breakeven.runner.cell import compatibility, workloads
from breakeven.runner.cell.errors import WrongResult
from breakeven.runner.cell.patterns import window
from breakeven.runner.cell.patterns._abc import Knobs
from breakeven.runner.cell.reference import Reference
from breakeven.runner.cell.sizes import size_of
from breakeven.runner.cell.verification import same
from breakeven.runner.cell.workloads._abc import Sizes, Task
from breakeven.runner.cell.workloads._snippets import SNIPPETS
from tests.crews import FUNCTION, small_workload
from tests.tasks import Sample


class Clocked(Sample):
    """A call that does nothing: the clock of the test says how long it took."""

    def open(self) -> Task:
        """Return the task."""
        return lambda payload: (0, payload)


@pytest.mark.parametrize("window_ns", [1, 50, 99, 100, 101, 199, 200, 1_000])
def test_a_window_measures_the_rate_of_whole_calls(window_ns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of 100 ns come out as 100 ns each, whatever the window: longer, shorter or no multiple of them."""
    clock = itertools.count(0, 100)
    monkeypatch.setattr(window, "now", lambda: next(clock))
    pattern = window.Window({"bin": 10}, Knobs(workers=1, tasks=0, window_ns=window_ns))
    outcome = pattern.serial(Reference(Clocked()))
    assert outcome.wall_ns / outcome.tasks == 100
    assert window_ns <= outcome.wall_ns < window_ns + 100


@pytest.mark.parametrize("name", workloads.REGISTRY)
def test_tasks_are_deterministic_and_each_copy_agrees(name: str) -> None:
    """Two copies of a workload give the same results for the same inputs."""
    workload = small_workload(name)
    first, second = workload.open(), workload.open()
    for payload in workload.inputs():
        assert first(payload) == first(payload) == second(payload)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_snippets_do_all_their_loops_with_objects_of_any_owner(snippet: str) -> None:
    """Each snippet is of the length asked for, and shared objects give the results of private ones."""
    workload = small_workload("contention", snippet=snippet)
    assert workload.amount > 100
    twin = (
        small_workload("contention", snippet=snippet.replace("shared_", "private_"))
        if snippet != "shared_constant"
        else workload
    )
    payload, twin.amount = workload.inputs()[0], workload.amount
    assert workload.open()(payload) == workload.open()(payload) == twin.open()(payload)


@pytest.mark.parametrize("sizes", [Sizes(0, 0), Sizes(1, 1), Sizes(100, 10), Sizes(10, 100), Sizes(5, 0)])
def test_payloads_have_the_sizes_asked_for(sizes: Sizes) -> None:
    """What goes in and what comes back has exactly the bytes of the cell."""
    reference = Reference(small_workload("spin", sizes))
    assert {len(payload) for payload in reference.inputs.originals} == {sizes.payload}
    assert {len(back) for _, back in reference.expected} == {sizes.back}


@pytest.mark.parametrize("sizes", [Sizes(4096, 4096), Sizes(4096, 16), Sizes(4096, 8192)])
@pytest.mark.parametrize("place", [0, 100, 2048, 4095])
def test_one_flipped_bit_of_a_payload_is_noticed(sizes: Sizes, place: int) -> None:
    """A payload that arrived damaged gives another value or another answer, wherever the damage is."""
    reference = Reference(small_workload("sleep", sizes))
    damaged = bytearray(reference.inputs[0])
    damaged[place] ^= 1
    with pytest.raises(WrongResult):
        reference.check([reference.task(bytes(damaged))], "a trial")


def test_the_message_of_a_wrong_result_says_which_and_what() -> None:
    """The task, the trial, both results and the usual reason are named."""
    reference = Reference(small_workload("spin", Sizes(1, 1)))
    right, back = reference.expected[0]
    with pytest.raises(WrongResult) as caught:
        reference.check([(right + 1, back)], "a parallel trial")
    assert str(caught.value) == (
        f"task 0 of a parallel trial returned a different result from the serial call: checksum: {right + 1} instead of "
        f"{right}; a task must return the same result for the same input"
    )


def test_equality_of_results_that_equality_does_not_decide() -> None:
    """NaN equals itself, and how parts of an object are shared makes no difference."""
    nan = float("nan")
    text, parts = "ab", ["a", "b"]
    assert same([nan], [float("nan")])
    assert same((text, text), (text, "".join(parts)))
    assert not same([1.0], [nan])
    assert not same(b"x", b"y")


def test_sizes_of_payloads() -> None:
    """Bytes count as they are, nothing counts as nothing, other objects by their pickle if they have one."""
    assert size_of(b"abc") == 3
    assert size_of(None) == 0
    assert size_of([1, 2, 3]) == len(pickle.dumps([1, 2, 3], pickle.HIGHEST_PROTOCOL))
    assert size_of(number for number in range(3)) is None


def test_knobs_without_effect_are_known() -> None:
    """What a pattern or a workload ignores is told, so that equal cells can be found."""
    spin = compatibility.ignored(workload="spin", workload_options={}, pattern="map")
    fixed = compatibility.ignored(workload="function", workload_options=FUNCTION, pattern="map")
    made = compatibility.ignored(
        workload="function", workload_options={"make_input": "a:b"}, pattern="window"
    )
    assert spin == {"window_ns"}
    assert fixed == {"window_ns", "task_ns", "payload_bytes", "payload_out_bytes"}
    assert made == {"tasks", "trial_ns", "task_ns", "payload_out_bytes"}
    assert compatibility.ignored(workload="function", workload_options=FUNCTION, pattern="pingpong") == {
        "window_ns",
        "task_ns",
    }


REASONS = [
    (("serial", None, "none", 2), "model=serial has one worker, not workers=2"),
    (("serial", None, "queue", 1), "model=serial calls tasks in place: it takes ipc=none, not ipc=queue"),
    (
        ("thread", "fork", "queue", 2),
        "model=thread starts no processes, so start_method=fork has no effect; leave it out",
    ),
    (
        ("process", None, "queue", 2),
        "model=process needs a start_method (fork, forkserver, spawn); None is not one",
    ),
    (
        ("process", "fork", "reference", 2),
        "ipc=reference passes the object itself, which workers in processes cannot take; model=process takes queue, simple_queue, pipe,",
    ),
    (
        ("thread", None, "native", 2),
        "model=thread needs a channel; ipc=native is not one (choose reference, queue, simple_queue, pipe,",
    ),
    (
        ("mp_pool", "fork", "pipe", 2),
        "model=mp_pool is a pool with its own transport: it takes ipc=native, not ipc=pipe",
    ),
]


@pytest.mark.parametrize(("combination", "reason"), REASONS)
def test_what_cannot_exist_has_a_reason(combination: tuple[str, str | None, str, int], reason: str) -> None:
    """Every kind of impossible combination is refused in words."""
    model, method, ipc, workers = combination
    asked = compatibility.why_not(model=model, start_method=method, ipc=ipc, pattern="map", workers=workers)
    assert asked is not None
    assert (
        asked.startswith(reason) if reason.endswith(",") else asked == reason
    )  # there may be further channels


@pytest.mark.parametrize(
    ("model", "asked", "channel"),
    [
        ("thread", "auto", "queue"),
        ("serial", "auto", "none"),
        ("mp_pool", "auto", "native"),
        ("thread", "pipe", "pipe"),
    ],
)
def test_auto_is_a_pools_own_transport_else_a_queue(model: str, asked: str, channel: str) -> None:
    """A channel that is asked for stays."""
    assert compatibility.channel_for(model, asked) == channel
