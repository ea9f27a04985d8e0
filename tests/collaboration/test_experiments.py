"""The ready-made experiments."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from breakeven.runner.cell.compatibility import why_not
from breakeven.runner.config.cell import FAMILIES, parse
from breakeven.runner.config.files import conf_folder
from breakeven.runner.hydra_app.grid import expand
from breakeven.runner.hydra_app.texts import grid_for_hydra
from tests.fakes import plain

CONF = conf_folder()
EXPERIMENTS = sorted(file.stem for file in (CONF / "experiment").glob("*.yaml"))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_holds_only_cells_that_can_exist(name: str) -> None:
    """A ready-made sweep has no typing error and measures what it lists."""
    sweeper: Any = yaml.safe_load((CONF / "experiment" / f"{name}.yaml").read_text())["hydra"]["sweeper"]
    params, *grids = (grid_for_hydra(grid) for grid in (sweeper.get("params", {}), *sweeper.get("grids", [])))
    jobs = expand([f"+experiment={name}"], params, grids)
    groups = {tuple(text for text in job if text.partition("=")[0] in FAMILIES) for job in jobs}
    known = {group: plain(*group) for group in groups}
    assert len(jobs) > 1
    for job in jobs:
        group = tuple(text for text in job if text.partition("=")[0] in FAMILIES)
        knobs = dict(
            text.split("=", 1)
            for text in job
            if text not in group and not text.startswith("+") and "." not in text
        )
        cell = parse(known[group] | {key: yaml.safe_load(value) for key, value in knobs.items()})
        assert (
            why_not(
                model=cell.model,
                start_method=cell.start_method,
                ipc=cell.ipc,
                pattern=cell.pattern,
                workers=cell.workers,
            )
            is None
        ), job
