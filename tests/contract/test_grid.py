"""Grids of overrides: products, zipped axes, concatenations, batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import pytest
from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.errors import BadValue
from breakeven.runner.config.files import conf_folder
from breakeven.runner.hydra_app.compose import HYDRA_BASE
from breakeven.runner.hydra_app.grid import expand, in_batches, write


@pytest.fixture(scope="module")
def loader() -> Iterator[ConfigLoader]:
    """Provide Hydra's own loader for conf/."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_folder()), **HYDRA_BASE):
        yield GlobalHydra.instance().config_loader()


def _typed(*arguments: str, zipped: Sequence[dict[str, Any]] = ()) -> list[list[str]]:
    return expand(arguments, {}, [], None, zipped)


# --- products --------------------------------------------------------------------------------------------


def test_a_grid_is_the_product_of_its_axes(loader: ConfigLoader) -> None:
    """Choices, ranges and globs are enumerated; what has one value stays as it was typed."""
    jobs = expand(["workers=1,2", "tasks=range(1,3)", "pattern=glob(*n*o*)", "task='5 ms'"], {}, [], loader)
    assert len(jobs) == 8
    assert jobs[0] == ["workers=1", "tasks=1", "pattern=pingpong", "task='5 ms'"]
    assert jobs[-1] == ["workers=2", "tasks=2", "pattern=window", "task='5 ms'"]


@pytest.mark.parametrize(
    ("arguments", "cells"),
    [
        pytest.param([], [[]], id="nothing_is_one_cell"),
        pytest.param(["a=1"], [["a=1"]], id="one_value"),
        pytest.param(["a=[1,2]"], [["a=[1,2]"]], id="a_list_is_one_value"),
        pytest.param(["a=[x,y],[z]"], [["a=[x,y]"], ["a=[z]"]], id="several_lists"),
        pytest.param(
            ["a=1,2", "b=x,y"],
            [["a=1", "b=x"], ["a=1", "b=y"], ["a=2", "b=x"], ["a=2", "b=y"]],
            id="last_first",
        ),
        pytest.param(["a=range(0,5,2)"], [["a=0"], ["a=2"], ["a=4"]], id="a_range"),
        pytest.param(["+a=1,2"], [["+a=1"], ["+a=2"]], id="what_is_added"),
        pytest.param(["a=1,2", "a=3"], [["a=3"]], id="the_later_wins"),
    ],
)
def test_arguments_are_split_as_hydra_users_know_it(arguments: list[str], cells: list[list[str]]) -> None:
    """The last axis moves fastest."""
    assert _typed(*arguments) == cells


def test_grids_are_made_one_after_the_other() -> None:
    """Each has the params too, and its own value wins over theirs."""
    jobs = expand([], {"task": "1ms,2ms"}, [{"model": "thread"}, {"model": "process", "task": "3ms"}])
    assert jobs == [["task=1ms", "model=thread"], ["task=2ms", "model=thread"], ["task=3ms", "model=process"]]


def test_what_is_typed_wins_in_every_grid() -> None:
    """An override replaces that key in params and grids, whatever stands before it."""
    jobs = expand(["++task=9ms", "model=serial"], {"task": "1ms,2ms"}, [{"model": "thread"}, {"workers": 2}])
    assert jobs == [["++task=9ms", "model=serial"], ["++task=9ms", "workers=2", "model=serial"]]


def test_an_interval_is_refused() -> None:
    """What cannot be enumerated is no grid."""
    with pytest.raises(BadValue) as refusal:
        _typed("workers=interval(1,2)")
    assert str(refusal.value) == (
        "workers=interval(1,2): cannot be enumerated; write the values, as in key=1,2,4 or key=range(1,5)"
    )


def test_a_glob_that_matches_nothing_is_refused(loader: ConfigLoader) -> None:
    """A sweep of no cells is a typing error."""
    with pytest.raises(BadValue) as refusal:
        expand(["ipc=glob(zz*)"], {}, [], loader)
    assert str(refusal.value) == "ipc=glob(zz*): matches nothing; write the values, as in key=a,b"


def test_overrides_are_parsed_as_hydra_parses_them() -> None:
    """Quotes and commas within them survive the way through a grid."""
    (job,) = _typed("sweep='a,b'")
    assert OverridesParser.create().parse_override(job[0]).value() == "a,b"


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab'\\ ,:{}[]=1-", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)


@given(st.lists(plain_values, max_size=3) | st.none() | st.booleans() | st.integers())
def test_a_value_of_yaml_is_the_same_as_an_override(value: Any) -> None:
    """Null, flags, lists and mappings reach Hydra as what they are, not as Python writes them."""
    (job,) = expand([], {"key": value}, [])
    assert OverridesParser.create().parse_override(job[0]).value() == value
    assert job == [f"key={write(value)}"]


def test_a_text_of_a_list_that_refers_to_a_knob_is_one_value() -> None:
    """It is quoted as any other, unless it is the knob's value itself."""
    (job,) = expand([], {"key": ["a, ${workers}", "${workers}"]}, [])
    assert OverridesParser.create().parse_override(job[0]).value() == ["a, ${workers}", "${workers}"]


# --- zipped axes -----------------------------------------------------------------------------------------


def test_zipped_keys_move_together() -> None:
    """Each mapping is one axis of the product; a text with commas and a list say the same."""
    jobs = _typed("model=thread,process", zipped=[{"workers": "1,2", "tasks": [8, 16]}])
    assert jobs == [
        ["workers=1", "tasks=8", "model=thread"],
        ["workers=1", "tasks=8", "model=process"],
        ["workers=2", "tasks=16", "model=thread"],
        ["workers=2", "tasks=16", "model=process"],
    ]


def test_a_grid_has_a_zip_of_its_own() -> None:
    """It belongs to that grid alone, and takes its keys out of what belongs to all."""
    grids: list[dict[str, Any]] = [
        {"model": "thread", "zip": [{"tasks": "3,4", "task": "1ms,2ms"}]},
        {"model": "process"},
    ]
    jobs = expand([], {"payload": "1B,2B"}, grids, None, [{"workers": "1,2", "tasks": "8,16"}])
    assert len(jobs) == 2 * 2 * 2 + 2 * 2
    assert jobs[0] == ["payload=1B", "workers=1", "model=thread", "tasks=3", "task=1ms"]
    assert jobs[-1] == ["payload=2B", "workers=2", "tasks=16", "model=process"]


def test_a_text_called_zip_is_the_value_of_a_knob() -> None:
    """An application may have a knob of that name."""
    assert expand([], {}, [{"zip": "7z,gz"}]) == [["zip=7z"], ["zip=gz"]]


def test_one_typed_value_holds_in_every_place_of_a_zip() -> None:
    """The other keys keep moving."""
    jobs = _typed("workers=7", zipped=[{"workers": "1,2", "tasks": "8,16"}])
    assert jobs == [["workers=7", "tasks=8"], ["workers=7", "tasks=16"]]


def test_as_many_typed_values_take_the_places_of_a_zip() -> None:
    """They move with the other keys; new values for both replace both."""
    zipped = [{"workers": "1,2", "tasks": "8,16"}]
    assert _typed("workers=3,4", zipped=zipped) == [["workers=3", "tasks=8"], ["workers=4", "tasks=16"]]
    assert _typed("workers=1,2,3", "tasks=4,5,6", zipped=zipped)[2] == ["workers=3", "tasks=6"]


@pytest.mark.parametrize("typed", [(), ("workers=1,2,4",)])
def test_a_zip_of_unequal_lengths_is_refused(typed: tuple[str, ...]) -> None:
    """Both keys are named with their counts, whoever gave the values."""
    workers = "1,2" if typed else "1,2,4"
    with pytest.raises(BadValue) as refusal:
        _typed(*typed, zipped=[{"tasks": "8,16", "workers": workers}])
    assert str(refusal.value) == (
        "zip: workers has 3 values and tasks has 2; keys that vary together need equally many: "
        "list as many for both, or a single one, which is used throughout"
    )


def test_a_key_moves_with_one_zip_only() -> None:
    """Two mappings that claim a key are a mistake."""
    with pytest.raises(BadValue) as refusal:
        _typed(zipped=[{"workers": "1,2", "tasks": "1,2"}, {"workers": "3,4", "task": "1ms,2ms"}])
    assert (
        str(refusal.value) == "hydra.sweeper.zip: workers appears in two of its mappings; remove it from one"
    )


@pytest.mark.parametrize("given", [{"workers": "1,2"}, [{}], ["workers=1,2"], 3])
def test_a_zip_that_is_no_list_of_mappings(given: Any) -> None:
    """An example shows what is."""
    with pytest.raises(BadValue) as refusal:
        expand([], {}, [{"zip": given}])
    assert str(refusal.value) == (
        "zip of a grid: not a list of mappings; write one such as [{workers: '1,2,4', tasks: '8,16,32'}]"
    )


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), max_size=3))
def test_a_product_counts_zips_once(shapes: list[tuple[int, int]]) -> None:
    """Cells are as many as places on the axes multiply to, all different, each with every key."""
    zipped = [
        {f"key{axis}{key}": [f"v{key}{place}" for place in range(places)] for key in range(keys)}
        for axis, (keys, places) in enumerate(shapes)
    ]
    cells = _typed(zipped=zipped)
    assert len(cells) == len(set(map(tuple, cells))) == prod(places for _, places in shapes)
    assert {len(cell) for cell in cells} == {sum(keys for keys, _ in shapes)}


# --- batches ---------------------------------------------------------------------------------------------


@given(st.integers(0, 30), st.none() | st.integers(1, 40))
def test_batches_are_the_jobs_in_order(jobs: int, most: int | None) -> None:
    """None is lost, none is too large, and each knows the number of its first."""
    typed = [[f"a={number}"] for number in range(jobs)]
    batches = list(in_batches(typed, most))
    assert [job for _, batch in batches for job in batch] == typed
    assert [first for first, _ in batches] == [int(batch[0][0].removeprefix("a=")) for _, batch in batches]
    assert all(1 <= len(batch) <= (most or jobs) for _, batch in batches)


@pytest.mark.parametrize("most", [0, -1, "2", True, 1.5])
def test_a_batch_has_at_least_one_job(most: Any) -> None:
    """Any other number is refused."""
    with pytest.raises(BadValue) as refusal:
        list(in_batches([["a=1"]], most))
    assert str(refusal.value) == (
        f"hydra.sweeper.max_batch_size={write(most)}: not a whole number of at least 1; "
        "write one, or null to launch all jobs at once"
    )
