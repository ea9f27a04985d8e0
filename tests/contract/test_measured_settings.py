"""What a page says of the settings: what varied, with its values, and what all runs share, as the runs stored it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd
import yaml

from breakeven.analysis.pages.settings import Measured, settings_of

PROCESS = {"name": "process", "start_method": "fork", "in_flight": None}
THREAD = {"name": "thread"}


def settings(*configs: Mapping[str, Any], cells: Sequence[str] = ()) -> Measured:
    """Return what is said of a run of each configuration, each of a cell of its own unless ``cells`` names them."""
    texts = [yaml.safe_dump(dict(config), sort_keys=False) for config in configs]
    names = cells or [str(place) for place in range(len(texts))]
    return settings_of(pd.DataFrame({"cell_id": names, "config": texts}))


def test_a_grid_is_its_factors_and_what_is_shared() -> None:
    """Numbers and lengths by their value; what follows from a choice stands behind it; the rest is whole, nulls too."""
    found = settings(
        *(
            {
                "model": model,
                "workers": workers,
                "task": task,
                "payload": size,
                "payload_out": size,
                "gc": None,
            }
            for model, workers, task, size in product(
                (PROCESS, THREAD), (16, 2), ("1ms", "50us"), ("1KiB", "64B")
            )
        )
    )
    assert found.factors == (
        ("model", "process (model.start_method=fork), thread"),
        ("workers", "2, 16"),
        ("task", "50us, 1ms"),
        ("payload", "64B (payload_out=64B), 1KiB (payload_out=1KiB)"),
    )
    assert found.about == "16 cells, every combination"
    assert found.combinations == ()
    assert found.changed == ()
    assert found.shared == "gc: null\n"


def test_cells_that_are_no_product_are_listed() -> None:
    """The values alone would not say which of their combinations were measured."""
    found = settings(
        {"model": {"name": "pool", "chunk": 8}, "workers": 2},
        {"model": {"name": "pool", "chunk": 1}, "workers": 2},
        {"model": {"name": "pool", "chunk": 1}, "workers": 4},
        {"model": THREAD, "workers": 4},
    )
    assert found.factors == (("model", "pool, thread"), ("model.chunk", "1, 8, null"), ("workers", "2, 4"))
    assert found.about == "4 cells, not every combination"
    assert found.combinations == (
        "model=pool model.chunk=1 workers=2",
        "model=pool model.chunk=1 workers=4",
        "model=pool model.chunk=8 workers=2",
        "model=thread workers=4",
    )


def test_knobs_that_were_zipped_are_one_factor() -> None:
    """Of two that follow from each other the first has the other behind it."""
    found = settings(*({"workers": workers, "tasks": 32 * workers} for workers in (1, 2, 4)))
    assert found.factors == (("workers", "1 (tasks=32), 2 (tasks=64), 4 (tasks=128)"),)
    assert found.about == "3 cells, every combination"


def test_another_launch_makes_no_factor() -> None:
    """A budget and a time limit differ between runs, not between cells; the last run stands for its cell."""
    found = settings(
        {"workers": 1, "budget": "4min", "limits": {"time": "60s", "memory": None}},
        {"workers": 2, "budget": "4min", "limits": {"time": "60s", "memory": None}},
        {"workers": 2, "budget": "60s", "limits": {"time": "90s", "memory": None}},
        cells=("a", "b", "b"),
    )
    assert found.factors == (("workers", "1, 2"),)
    assert found.changed == (("budget", "60s, 4min"), ("limits.time", "60s, 90s"))
    assert found.shared == "limits:\n  memory: null\n"
    assert found.about == "2 cells, every combination"


def test_variables_vary_one_by_one() -> None:
    """That none is set in some cells is no value of a knob."""
    found = settings({"environment": {}}, {"environment": {"OMP_NUM_THREADS": 1}})
    assert found.factors == (("environment.OMP_NUM_THREADS", "1, null"),)


def test_what_cannot_be_read_is_not_made_up() -> None:
    """Neither a run without its configuration nor a broken one."""
    runs = pd.DataFrame({"cell_id": ["a", "b", "c"], "config": [None, "[broken", "text"]})
    assert settings_of(runs) == Measured()
