"""Names of cells: the user's function first, and no two cells of a sweep under one name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.config.cell import parse
from breakeven.runner.config.naming import describe, distinguish
from tests.fakes import plain

_VALUES: dict[str, tuple[Any, ...]] = {
    "label": (None, "a", "b"),
    "payload": ("1KiB", "4KiB"),
    "payload_out": ("1KiB", "4KiB"),
    "tasks": ("auto", 5),
    "trial": ("32ms", "64ms"),
    "affinity": ("none", "scatter"),
    "seed": (1, 2),
    "workers": (1, 2),
}
_OF_A_FUNCTION: dict[str, tuple[Any, ...]] = {
    "target": ("photos:resize", "photos:blur", "videos:resize", "photos:Image.resize"),
    "args": ([], [1], [2], ["x" * 100 + "1"], ["x" * 100 + "2"]),
    "kwargs": ({}, {"size": 3}),
    "make_input": (None, "photos:image", "photos:large"),
    "verify": ("equal", "none"),
}


def _functions() -> st.SearchStrategy[dict[str, Any]]:
    options = {name: st.sampled_from(values) for name, values in _OF_A_FUNCTION.items()}
    knobs: dict[str, Any] = {name: st.sampled_from(values) for name, values in _VALUES.items()}
    return st.fixed_dictionaries({**knobs, "workload": st.fixed_dictionaries(options)})


def _config(knobs: dict[str, Any]) -> dict[str, Any]:
    found = plain("workload=function", "workload.target=photos:resize")
    return {**found, **knobs, "workload": {**found["workload"], **knobs["workload"]}}


def _names(*configs: dict[str, Any]) -> list[str]:
    cells = [parse(config) for config in configs]
    words = distinguish(cells, configs)
    return [describe(cell, own) for cell, own in zip(cells, words, strict=True)]


@given(st.lists(_functions(), min_size=1, max_size=6))
def test_cells_that_differ_have_different_names(knobs: list[dict[str, Any]]) -> None:
    """Whatever they differ in: function, arguments, maker of inputs, or how they are measured."""
    cells = {repr(parse(_config(own))): _config(own) for own in knobs}
    names = _names(*cells.values())
    assert len(set(names)) == len(cells)


@pytest.mark.parametrize(
    ("targets", "names"),
    [
        (("photos:resize", "photos:blur"), ["resize", "blur"]),
        (("photos:resize", "videos:resize", "a:b"), ["photos:resize", "videos:resize", "b"]),
    ],
)
def test_a_function_goes_by_its_own_name_unless_another_module_has_one(
    targets: tuple[str, ...], names: list[str]
) -> None:
    """Then both have their module; a payload without effect is not named."""
    configs = [plain("workload=function", f"workload.target={target}") for target in targets]
    assert _names(*configs) == [f"{name} process(fork) x2 queue map" for name in names]


def test_cells_of_one_name_are_told_apart_by_the_knobs_that_differ() -> None:
    """By those alone, as they are typed; other cells keep their short names."""
    called = ("workload=function", "workload.target=photos:resize")
    made = [plain(*called, f"workload.make_input=photos:{name}", "payload=1MiB") for name in ("a", "b")]
    other = plain(*called, workers=4)
    assert _names(*made, other) == [
        "resize process(fork) x2 queue map 1MiB workload.make_input=photos:a",
        "resize process(fork) x2 queue map 1MiB workload.make_input=photos:b",
        "resize process(fork) x4 queue map",
    ]
