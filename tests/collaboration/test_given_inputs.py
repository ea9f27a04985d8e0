"""Inputs that a user gives as a list: every trial does all of them, in order, with every model, however they differ."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from breakeven.runner import host
from breakeven.runner.planning.interpreters import Planned, check_function
from tests.collaboration.host_runs import execute, function, write_module
from tests.machines import EVERY_INTERPRETER
from tests.samples import run

USER = """
import threading

def samples():
    return [list(range(length)) for length in (1, 2_000, 3, 400)]

TABLE = ((1, 2), (3, 4), (5, 6))
LOCKED = [1, {"lock": threading.Lock()}]

def total(values):
    return sum(values), len(values)

def consumes(values):
    values.reverse()
    return values.pop() if values else None

def length_of(value):
    return 1

def streams():
    return [(number for number in part) for part in ([1, 2], [3])]

def drain(stream):
    return list(stream)

def note(value, folder):
    with open(os.path.join(folder, "order"), "a") as file:
        file.write(f"{value} ")
    return value
"""
MODELS = [
    ("serial", None, "none"),
    ("thread", None, "queue"),
    ("thread", None, "reference"),
    ("thread_pool", None, "native"),
    ("process", "fork", "pipe"),
    ("process", "fork", "shared_memory"),
    ("process", "spawn", "queue"),
    ("process_pool", "fork", "native"),
    ("mp_pool", "spawn", "native"),
]
WINDOW = {"pattern": "window", "pattern_options": {"bin": 250_000}, "window_ns": 1_000_000}
"""Long enough to take each input many times, and short, since fresh ones are made for all calls that may fit, before each trial."""


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """Return the directory of a user's module."""
    return write_module(tmp_path / "user", USER)


def _model(model: str, start_method: str | None, ipc: str) -> dict[str, Any]:
    return {
        "model": model,
        "start_method": start_method,
        "ipc": ipc,
        "ipc_options": {"slots": 2} if ipc == "shared_memory" else {},
        "workers": 1 if model == "serial" else 2,
    }


@pytest.mark.parametrize("pattern", ["map", "window"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: "-".join(filter(None, model)))
def test_every_model_does_unequal_inputs(
    user: Path, model: tuple[str, str | None, str], pattern: str
) -> None:
    """Each input has its own result, and the row says how many there are and how large."""
    changes = WINDOW if pattern == "window" else {"tasks": 8}
    result = execute(user, **function("total", inputs="mine:samples") | _model(*model) | changes)
    assert result.row["reason"] is None
    trials = result.tables["trials"].to_pydict()
    assert all(tasks % 4 == 0 for tasks in trials["tasks"])
    assert result.row["input_count"] == 4
    assert result.row["input_least_bytes"] < result.row["payload_bytes"] < result.row["input_most_bytes"]


@pytest.mark.parametrize("pattern", ["map", "window"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: "-".join(filter(None, model)))
def test_inputs_that_calls_change_are_fresh(
    user: Path, model: tuple[str, str | None, str], pattern: str
) -> None:
    """A function that changes its input gets each of them as it was, in turn."""
    changes = WINDOW if pattern == "window" else {"tasks": 8}
    row = execute(user, **function("consumes", inputs="mine:samples") | _model(*model) | changes).row
    assert row["reason"] is None
    assert row["inputs"] == "fresh"


@pytest.mark.parametrize("pattern", ["map", "window"])
def test_iterators_are_made_anew(user: Path, pattern: str) -> None:
    """What can be neither pickled nor copied, and is at its end after a call, is listed again for each task."""
    changes: dict[str, Any] = dict(WINDOW) if pattern == "window" else {"tasks": 4}
    changes |= {"model": "thread", "start_method": None, "ipc": "reference", "ipc_options": {}}
    row = execute(user, **function("drain", inputs="mine:streams") | changes).row
    assert row["reason"] is None
    assert row["input_count"] == 2


@pytest.mark.parametrize("inputs", ["mine:TABLE", [[1, 2], [3, 4], [5, 6]]])
def test_an_iterable_of_the_module_or_as_typed(user: Path, inputs: Any) -> None:
    """A tuple of the module, and a list in the configuration, are the inputs themselves."""
    row = execute(user, **function("total", inputs=inputs) | {"tasks": 3}).row
    assert row["reason"] is None
    assert row["input_count"] == 3


@EVERY_INTERPRETER
@pytest.mark.parametrize(
    "model", [("thread", None, "queue"), ("process", "spawn", "pipe")], ids=["thread", "process"]
)
def test_every_interpreter_lists_and_does_them(
    user: Path, executable: str, model: tuple[str, str | None, str]
) -> None:
    """Planning asks the interpreter that measures how many there are, and a run does them all."""
    cell = function("total", inputs="mine:samples") | _model(*model) | {"tasks": 4}
    source = check_function(executable, cell["workload_options"], user, planned=Planned(pickles=True))
    assert source.inputs == 4
    row = host.execute(run(executable, user, **cell)).row
    assert row["reason"] is None
    assert row["input_count"] == 4


def test_files_come_as_sorted_absolute_paths(user: Path) -> None:
    """The function gets each path in turn; the order is that of their names, in serial and in parallel trials."""
    (user / "data").mkdir()
    for name in ("b", "a", "c"):
        (user / "data" / f"{name}.json").write_text(json.dumps([name] * 10))
    (user / "data" / "folder.json").mkdir()
    options = {"inputs": "data/*.json", "args": [str(user)]}
    changes = {"tasks": 3, "model": "serial", "start_method": None, "ipc": "none", "workers": 1}
    row = execute(user, **function("note", **options) | changes).row
    assert row["reason"] is None
    expected = [str(user / "data" / f"{name}.json") for name in "abc"]
    called = (user / "order").read_text().split()
    assert called[:3] == expected
    assert called[-3:] == expected
    assert row["input_count"] == 3


@pytest.mark.parametrize(
    ("options", "tasks", "reason"),
    [
        ({"inputs": "mine:samples"}, 6, "gives 4 inputs now, and a trial of 6 tasks"),
        ({"inputs": "mine:samples", "take": 6}, 6, "gives 4 inputs now, and a trial of 6 tasks"),
        (
            {"inputs": "mine:LOCKED", "target": "mine:length_of"},
            2,
            'input 1["lock"] (of type lock) cannot be pickled',
        ),
        ({"inputs": "none/*.json"}, 4, "no file in "),
    ],
)
def test_a_run_says_what_is_wrong_with_inputs(
    user: Path, options: dict[str, Any], tasks: int, reason: str
) -> None:
    """What planning cannot know, or what changed since, is the reason of the failed run."""
    changes = function("total") | {"tasks": tasks, "ipc": "pipe", "take": options.pop("take", 0)}
    changes["workload_options"] |= options
    row = execute(user, **changes).row
    assert reason in row["reason"]


def test_a_wrong_result_of_one_input_is_found(user: Path) -> None:
    """A result that belongs to another input is no right one."""
    write_module(user, USER + "\ndef unstable(values):\n    return len(values) + random.random()\n")
    row = execute(user, **function("unstable", inputs="mine:samples") | {"tasks": 4}).row
    assert "returned a different result from the serial call" in row["reason"]


@pytest.mark.parametrize(
    "model", [("thread", None, "queue"), ("process", "fork", "pipe"), ("process_pool", "fork", "native")]
)
def test_a_round_takes_a_part_of_them(user: Path, model: tuple[str, str | None, str]) -> None:
    """The same inputs whatever the model, others in another round; their number is that of the tasks."""
    changes = function("total", inputs="mine:samples") | _model(*model) | {"tasks": 2, "take": 2}
    rows = [execute(user, **changes | {"seed": seed}).row for seed in (1, 1, 2)]
    assert [row["reason"] for row in rows] == [None] * 3
    assert [row["input_count"] for row in rows] == [2] * 3
    drawn = [(row["input_least_bytes"], row["input_most_bytes"]) for row in rows]
    assert drawn[0] == drawn[1] == DRAWN
    assert drawn[2] != DRAWN


DRAWN = (960, 5762)  # of seed 1 in the first round: pickles of lists of 400 and 2000 numbers


def test_the_mean_is_what_crossed(user: Path) -> None:
    """The bytes of a trial are those of all its inputs and results."""
    result = execute(
        user, **function("length_of", inputs=["a" * 10, "b" * 1001]) | {"tasks": 4, "ipc": "pipe"}
    )
    row, trials = result.row, result.tables["trials"].to_pydict()
    assert row["payload_bytes"] == (row["input_least_bytes"] + row["input_most_bytes"]) / 2
    assert set(trials["bytes"]) == {4 * (row["payload_bytes"] + row["payload_out_bytes"])}
    assert sys.executable == row["executable"]
