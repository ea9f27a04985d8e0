"""A composed configuration becomes a cell, or one line that says why not."""

import os
from typing import Any

import pytest

from breakeven.base.errors import BadInput, BadValue, UnknownChoice
from breakeven.base.units import format_size
from breakeven.runner.cell import channels, models
from breakeven.runner.config.cell import Cell, parse
from tests.fakes import plain

NO_INPUTS: tuple[Any, ...] = ("photos", "photos:", [], 3, "")


def _refusal(kind: type[BadInput], given: dict[str, Any]) -> str:
    with pytest.raises(kind) as refusal:
        parse(given)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_the_defaults_make_a_cell() -> None:
    """Units are resolved, and ipc=auto is the channel it stands for."""
    cell = parse(plain())
    assert (cell.workload, cell.model, cell.start_method, cell.ipc, cell.pattern) == (
        *("spin", "process", "fork", "queue", "map"),
    )
    assert (cell.payload_bytes, cell.payload_out_bytes, cell.task_ns, cell.tasks) == (1024, 1024, 10**6, 0)
    assert (cell.trial_ns, cell.measure.min_trials, cell.measure.max_trials) == (32 * 10**6, 6, 6)
    assert (cell.measure.max_time_ns, cell.time_limit_ns, cell.interpreter) == (10**9, 60 * 10**9, "current")


def test_options_of_a_member_are_in_base_units() -> None:
    """The knobs that a member declares arrive beside its name."""
    cell = parse(
        plain("pattern=window", "pattern.bin=2ms", "ipc=shared_memory", "model=mp_pool", "model.chunksize=3")
    )
    assert cell.pattern_options == {"bin": 2_000_000}
    assert cell.model_options == {**models.load("mp_pool").DEFAULTS, "chunksize": 3}
    assert cell.ipc_options == {"slots": 4, "sync": "semaphore", "access": "copy"}


@pytest.mark.parametrize(
    ("model", "ipc"), [("serial", "none"), ("thread", "queue"), ("process_pool", "native")]
)
def test_auto_is_what_suits_the_model(model: str, ipc: str) -> None:
    """A pool has its own transport, serial none, the others a queue."""
    assert parse(plain(f"model={model}")).ipc == ipc


def test_knobs_without_effect_do_not_tell_cells_apart() -> None:
    """A map does not look at the window, a window not at the tasks, a function not at the task length."""
    assert parse(plain(window="1s")) == parse(plain(window="2s"))
    assert parse(plain("pattern=window", tasks=1)) == parse(plain("pattern=window", tasks=2))
    function = ("workload=function", "workload.target=math:sqrt")
    assert parse(plain(*function, task="1ms", payload="1KiB")) == parse(
        plain(*function, task="2ms", payload="2KiB")
    )
    assert parse(plain(task="1ms")) != parse(plain(task="2ms"))


@pytest.mark.parametrize(
    ("knob", "message"),
    [
        ({"workers": 0}, "workers=0: not a whole number from 1 to 4096; write one, such as workers=2"),
        ({"workers": 5000}, "workers=5000: not a whole number from 1 to 4096; write one, such as workers=2"),
        ({"workers": True}, "workers=True: not a whole number from 1 to 4096; write one, such as workers=2"),
        (
            {"tasks": 1.5},
            "tasks=1.5: neither auto nor a whole number from 1 to 2147483647; write one of them, such as tasks=auto",
        ),
        (
            {"tasks": None},
            "tasks=null: neither auto nor a whole number from 1 to 2147483647; write one of them, such as tasks=auto",
        ),
        ({"tasks": 0}, "tasks=0: not a whole number from 1 to 2147483647; write one, such as tasks=2"),
        (
            {"seed": -1},
            "seed=-1: not a whole number from 0 to 9223372036854775807; write one, such as seed=2",
        ),
        ({"task": 0}, "task=0: needs a time above 0; write one such as task=1ms"),
        ({"task": "1KiB"}, "task=1KiB: KiB is not a unit of time; the units are ns us ms s min"),
        (
            {"payload": 7},
            "payload=7: the unit is missing; write for example 7B (units: B KB KiB MB MiB GB GiB)",
        ),
        ({"limits": 5}, "limits=5: not a group of knobs; set one of them, such as limits.time=..."),
        (
            {"workload": "spin"},
            "workload=spin: not a group of knobs; set one of them, such as workload.name=...",
        ),
    ],
)
def test_a_value_that_cannot_be_read(knob: dict[str, Any], message: str) -> None:
    """The message gives the key, the value and the remedy."""
    assert _refusal(BadValue, plain(**knob)) == message


@pytest.mark.parametrize(
    ("knob", "message"),
    [
        (
            {"rel_ci": 1},
            "measure.rel_ci=1: not a share between 0 and 1; write one such as measure.rel_ci=2% or measure.rel_ci=0.02",
        ),
        (
            {"warmup": -1},
            "measure.warmup=-1: not a whole number from 0 to 2147483647; write one, such as measure.warmup=2",
        ),
        (
            {"min_trials": 51, "max_trials": 50},
            "measure.min_trials=51: more than measure.max_trials=50; lower the first or raise the second",
        ),
    ],
)
def test_a_way_of_measuring_that_cannot_be(knob: dict[str, Any], message: str) -> None:
    """Shares, counts and their order are checked."""
    given = plain()
    given["measure"] |= knob
    assert _refusal(BadValue, given) == message


@pytest.mark.parametrize(
    ("measure", "rounds", "fewest"),
    [
        ({}, 5, 3),
        ({"fewest_trials": 1}, 5, 1),
        ({"fewest_trials": 1}, "auto", 1),
        ({"fewest_trials": 9}, "auto", 6),
        ({"fewest_trials": 1}, 1, 6),
        ({"fewest_trials": 1, "min_trials": 4}, 5, 4),
    ],
)
def test_pairs_that_stay_where_time_is_short(measure: dict[str, Any], rounds: object, fewest: int) -> None:
    """No more than are wanted, and fewer than those only where other rounds make up for them and nobody typed their number."""
    given = plain(rounds=rounds)
    given["measure"] |= measure
    assert parse(given).measure.fewest == fewest


def test_a_file_from_before_a_knob_is_read() -> None:
    """A knob of `measure` that an older file lacks has its default."""
    given = plain()
    del given["measure"]["fewest_trials"]
    assert parse(given) == parse(plain())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            plain(affinity="close"),
            "affinity=close: no such choice; choose one of none, compact, scatter, cores_only, siblings, fast_cores",
        ),
        (
            plain(model={"name": "threads"}),
            (
                "model.name=threads: no such choice (did you mean thread?); "
                f"choose one of {', '.join(models.REGISTRY)}"
            ),
        ),
        (
            plain(ipc={}),
            (f"ipc=null: no such choice; choose one of {', '.join(channels.REGISTRY)}, auto, native, none"),
        ),
        (
            plain("model.start_method=frok"),
            "model.start_method=frok: no such choice (did you mean fork?); choose one of fork, forkserver, spawn, default",
        ),
        (
            plain("+limits.tme=1s"),
            "limits.tme: no such knob (did you mean time?); limits has time, memory",
        ),
        (plain("+workload.loops=3"), "workload.loops: no such knob; workload=spin has name"),
    ],
)
def test_a_name_that_is_not_known(given: dict[str, Any], message: str) -> None:
    """The message lists what there is, and the closest of it."""
    assert _refusal(UnknownChoice, given) == message


def test_a_key_that_is_not_known() -> None:
    """All knobs are listed."""
    message = _refusal(UnknownChoice, plain(worker=2))
    assert message.startswith(
        "worker: no such knob (did you mean workers?); the knobs are sweep, outputs, label, workload,"
    )


def test_a_key_that_is_missing() -> None:
    """A knob taken away is asked for."""
    given = plain()
    del given["workers"]
    assert _refusal(BadValue, given) == (
        "workers: missing from the configuration; remove the override that deletes it, or add it to your config.yaml"
    )


def test_an_option_that_is_missing() -> None:
    """A YAML file that lacks a knob of its member is pointed at."""
    assert _refusal(BadValue, plain(pattern={"name": "window"})) == (
        "pattern.bin: missing from the configuration; add it to the YAML file of pattern=window"
    )


@pytest.mark.parametrize(
    ("knob", "message"),
    [
        (
            {"target": None},
            "workload.target=null: not the name of a callable; write module:callable, such as workload.target=math:sqrt",
        ),
        (
            {"make_input": "math.sqrt"},
            (
                "workload.make_input=math.sqrt: not the name of a callable; "
                "write module:callable, such as workload.make_input=math:sqrt"
            ),
        ),
        (
            {"make_input": "a:b", "inputs": "c:d"},
            (
                "workload.inputs=c:d: the inputs are given, so workload.make_input=a:b has none to make; leave out one of them"
            ),
        ),
        *(
            (
                {"inputs": wrong},
                (
                    f"workload.inputs={wrong}: names no inputs; write module:name, such as workload.inputs=photos:samples, a pattern "
                    "for paths, such as workload.inputs=data/*.json, or a list, such as workload.inputs=[1,2]"
                ),
            )
            for wrong in NO_INPUTS
        ),
        ({"args": 3}, "workload.args=3: not a list; write one such as workload.args=[1,2]"),
        (
            {"kwargs": {1: 2}},
            "workload.kwargs={1: 2}: not a map whose keys are texts; write one such as workload.kwargs={size: 1}",
        ),
    ],
)
def test_a_function_that_is_not_described(knob: dict[str, Any], message: str) -> None:
    """The user's function is named module:callable, with a list and a map of arguments."""
    given = plain("workload=function", "workload.target=math:sqrt")
    given["workload"] |= knob
    assert _refusal(BadValue, given) == message


def _memory_limit() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2 / 2**30


def test_a_payload_that_the_memory_cannot_hold() -> None:
    """10 TB is refused before anything runs, with the sum that was made."""
    assert _refusal(BadValue, plain(payload="10000GB", payload_out=0)) == (
        f"payload={format_size(10**13)}: with payload_out=0B one trial would hold 37252.9GiB (4 at once), "
        f"more than half of the memory ({_memory_limit():.1f}GiB); lower payload, tasks or both"
    )


def test_what_a_trial_holds_depends_on_its_pattern() -> None:
    """A map holds the payloads of all tasks, a pingpong only that of each worker."""
    half = f"{int(_memory_limit() * 2**30) // 40}B"
    assert isinstance(parse(plain("pattern=pingpong", payload=half, payload_out=half)), Cell)
    assert "(64 at once)" in _refusal(BadValue, plain(payload=half, payload_out=half, tasks=64))
