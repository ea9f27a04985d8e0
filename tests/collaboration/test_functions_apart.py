"""Two functions of one sweep, two makers of inputs or two arguments are never pooled, nor shown under one name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from breakeven.analysis.comparing import compare
from breakeven.analysis.figures.choice import choose_comparable
from breakeven.analysis.frames.factors import label_mechanisms, label_settings, name_cells
from breakeven.analysis.frames.lengths import lengths_of_tasks, name_lengths
from breakeven.analysis.lab import Lab, load
from breakeven.analysis.summary.screen import summarise
from breakeven.base.factors import FACTORS
from tests.analysis_samples import Sample

_CONFIG = (
    "payload: 4KiB\nworkload: {{name: function, target: '{target}', make_input: {maker}, args: {args}}}\n"
)
_TWO = {
    "functions": ({"target": "photos:resize"}, {"target": "photos:blur"}),
    "modules": ({"target": "photos:resize"}, {"target": "videos:resize"}),
    "makers": ({"maker": "photos:plain"}, {"maker": "photos:noise"}),
    "arguments": ({"args": "[1]"}, {"args": "[2]"}),
}


def _called(
    *, typed: bool, target: str = "photos:resize", maker: str = "m:i", args: str = "[]"
) -> dict[str, Any]:
    """Return the columns of a run of a function; ``typed`` on the command line, or chosen by a file's name."""
    config = _CONFIG.format(target=target, maker=maker, args=args)
    options = f"workload.target={target}\nworkload.make_input={maker}\nworkload.args={args}"
    overrides = f"workload=function\n{options}" if typed else f"workload={abs(hash((target, maker, args)))}"
    asked = {"payload_asked_bytes": 4096, "payload_bytes": 4088, "payload_out_bytes": 71}
    return {
        "workload": "function",
        "function": target,
        "config": config,
        "overrides": overrides,
        "task_ns": None,
        **asked,
    }


@pytest.fixture(params=_TWO, scope="module")
def two(request: pytest.FixtureRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what two cells that agree in all else differ in."""
    first, second = _TWO[request.param]
    return first, second


@pytest.fixture(params=[True, False], ids=["typed", "chosen"], scope="module")
def lab(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, two: tuple[dict[str, Any], ...]
) -> Lab:
    """Return a sweep of two works, each in two models with one and two workers, and traced."""
    made = Sample(tmp_path_factory.mktemp("outputs") / "a", rounds=2, pairs=6)
    for work in two:
        called = _called(typed=request.param, **work)
        for workers in (1, 2):
            made.add_map(speedup=0.9, spans=True, model="thread", workers=workers, **called)
            made.add_map(speedup=0.9 * workers, spans=True, model="process", workers=workers, **called)
            made.add_pingpong(latency_ns=5e4, model="process", **(called | {"label": str(workers)}))
            window: dict[str, Any] = {"per_second": 900.0 * workers, "serial_per_second": 1000.0}
            made.add_window(model="process", workers=workers, **window, **called)
        made.add_bad("timeout", "no result within 30 s", model="thread", workers=8, **called)
    return load(made.path)


def _maps(cells: pd.DataFrame) -> pd.DataFrame:
    return cells[
        cells["pattern"].eq("map") & cells["status"].eq("ok")
        if "status" in cells
        else cells["pattern"].eq("map")
    ]


def test_every_cell_has_a_name_of_its_own(lab: Lab) -> None:
    """Factors and variant tell all cells apart, and so do labels with the number of workers."""
    cells = lab.cells
    assert not cells.duplicated([*FACTORS, "variant"]).any()
    maps = _maps(lab.estimates)
    for names in (name_cells(maps), label_mechanisms(maps) + label_settings(maps)):
        assert len(set(zip(names, maps["workers"], strict=True))) == len(maps) == 8
    assert len(set(label_settings(maps))) == 2


def test_lengths_and_choices_are_of_one_work(lab: Lab) -> None:
    """What is shown side by side did the same work."""
    maps = _maps(lab.estimates)
    chosen = choose_comparable(maps, 9)
    assert len(set(label_settings(maps)[chosen.index])) == 1
    assert len(chosen) == 2
    assert name_lengths(maps).isna().all()
    assert lengths_of_tasks(maps).isna().all()


def test_the_summary_has_a_row_for_each(lab: Lab) -> None:
    """Tables, verdicts and reasons of failures: none stands for two works."""
    found = summarise(lab)
    table = found.cells["map"].texts
    factors = list(found.cells["map"].factors)
    assert len(table) == len(table[factors].drop_duplicates()) == 8
    failed = found.problems[found.problems["status"].eq("timeout")]
    assert failed["cells"].sum() == 2
    assert len(failed) == len(set(failed["example"])) or len(set(failed["work"])) == 1


def test_verdicts_are_of_one_work(lab: Lab) -> None:
    """A question for each, and no cell in two."""
    verdicts = lab.verdicts
    maps = verdicts[~verdicts["question"].str.contains("round trips|window")]
    assert len(maps) == len(set(maps["question"])) == 2


def test_figures_have_a_panel_for_each(lab: Lab) -> None:
    """Every line is of one work."""
    for panels in _panels(lab):
        assert panels["setting"].nunique() == 2
        of_one = panels.groupby(["setting", "mechanism", "workers"])["cell_id"].nunique()
        assert of_one.max() == 1


def _panels(lab: Lab) -> Iterator[pd.DataFrame]:
    """Yield the cells of the figures that draw several works."""
    from breakeven.analysis.figures import overhead, scaling  # noqa: PLC0415  # matplotlib is slow to import

    cells = scaling.frame(lab).reset_index()
    yield cells[cells["pattern"].eq("map")]
    frame = overhead.frame(lab)
    yield frame[frame["lane"].eq("workers")]
    plt.close("all")


def test_cells_are_paired_with_those_of_the_same_work(lab: Lab) -> None:
    """Never one work with the other, and each pair with a name of its own."""
    pairs = compare("pattern=map,model=thread", "pattern=map,model=process", within=lab.path, by="throughput")
    assert len(pairs) == len(set(pairs["cell"])) == 4
    works = lab.runs.drop_duplicates("cell_id").set_index("cell_id")["config"]
    assert works[pairs["cell_id_a"]].tolist() == works[pairs["cell_id_b"]].tolist()


def test_what_crossed_is_named_where_it_is_not_what_was_asked(tmp_path: Path) -> None:
    """A pickle's few bytes more or less are not; what a function takes without being asked is if it is large."""
    made = Sample(tmp_path / "c", pairs=4)
    called: dict[str, Any] = {
        "workload": "function",
        "function": "photos:resize",
        "task_ns": None,
        "config": "{}",
    }
    for workers, (asked, crossed) in enumerate(((4096, 4088), (4096, 1500), (None, 40), (None, 2**20)), 1):
        sizes: dict[str, Any] = {"payload_asked_bytes": asked, "payload_bytes": crossed}
        made.add_map(speedup=1.0, model="process", workers=workers, **called, **sizes)
    lab = load(made.path)
    texts = summarise(lab).cells["map"].texts["crossed"]
    of_workers = texts[lab.estimates.sort_values("workers").index]
    assert of_workers.tolist() == ["", "1.465 KiB", "", "1 MiB"]
