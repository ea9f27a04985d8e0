"""What the summary says of intervals that are wider than asked, and which command it repeats."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from breakeven.analysis.frames.load import load
from breakeven.analysis.summary.screen import Summary, render, summarise
from breakeven.analysis.summary.undecided import Undecided
from tests.analysis_samples import Sample

WIDE = (1.5, 1.9, 1.6, 2.2, 1.7)
NARROW = (1.8, 1.81, 1.79, 1.8, 1.8)
SECOND = 10**9
FACTS = {"precision": 0.1, "wall_ns": SECOND, "n_trials": 6}


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sample:
    """Return an empty sweep in `outputs/mine`, with the current directory beside."""
    monkeypatch.chdir(tmp_path)
    return Sample(tmp_path / "outputs" / "mine")


def _add(sample: Sample, values: tuple[float, ...], workers: int, **facts: Any) -> str:
    typed = {"model": "process", "workers": workers}
    overrides = "\n".join(f"{key}={value}" for key, value in typed.items())
    return sample.add_rounds(values, column="speedup", facts=FACTS | facts, overrides=overrides, **typed)


def _summary(sample: Sample) -> tuple[Summary, list[str]]:
    out = io.StringIO()
    summary = summarise(load(sample.path), shown_now=True)
    render(summary, Console(file=out, width=200, color_system=None))
    return summary, out.getvalue().splitlines()


def _undecided(sample: Sample) -> Undecided:
    found = _summary(sample)[0].undecided
    assert found is not None
    return found


def _launch(sample: Sample, overrides: list[str], cells: list[str]) -> None:
    launch = {"overrides": overrides, "order": [f"{cell}-{number}" for cell in cells for number in range(3)]}
    (sample.path / "sweep.yaml").write_text(yaml.dump({"launches": [launch]}))


def test_a_sweep_that_is_narrow_enough_says_nothing(sample: Sample) -> None:
    """Nor does one whose number of rounds was chosen."""
    _add(sample, NARROW, 1)
    _add(sample, WIDE, 2, precision=None)
    assert _summary(sample)[0].undecided is None


def test_the_line_names_the_cell_its_width_the_time_and_the_command(sample: Sample) -> None:
    """Once, before the results, the command on a line of its own; what to type next does not repeat it."""
    _add(sample, NARROW, 1)
    _add(sample, WIDE, 2)
    summary, lines = _summary(sample)
    text = (
        "1 of 2 cells is wider than asked (±10 %): ±20.7 % (process, workers=2); "
        "about 0:10 more would narrow it:"
    )
    command = "breakeven run model=process workers=1,2 sweep=mine budget=10s"
    assert summary.undecided == Undecided(text, command)
    assert lines[lines.index(text) :][:3] == [text, f"  {command}", ""]
    assert summary.next_command is None


def test_of_many_cells_the_widest_is_named(sample: Sample) -> None:
    """With how many they are of how many."""
    for workers in (1, 2, 4):
        _add(sample, WIDE if workers < 4 else (1.0, 2.0, 3.0, 1.0, 2.0), workers)
    _add(sample, NARROW, 8)
    text = _undecided(sample).text
    assert text.startswith(
        "3 of 4 cells are wider than asked (±10 %): ±20.7 % to 82.1 % (most: process, workers=4); about "
    )
    assert text.endswith(" more would narrow them:")


def test_a_limit_in_the_way_is_named_with_the_time(sample: Sample) -> None:
    """Both knobs are needed then; what was typed for the limit before is not repeated."""
    cell = _add(sample, WIDE, 2, config="max_rounds: 5\n")
    _launch(sample, ["model=process", "workers=2", "max_rounds=5", "precision=10%"], [cell])
    assert _undecided(sample).command == (
        "breakeven run model=process workers=2 precision=10% sweep=mine max_rounds=17 budget=15s"
    )


@pytest.mark.parametrize(
    ("overrides", "repeated"),
    [
        (["+experiment=tour", "sweep=x", "budget=5s"], "breakeven run +experiment=tour sweep=mine"),
        (
            ["workers=1,2", "model=process", "retry_failed=true"],
            "breakeven run workers=1,2 model=process sweep=mine",
        ),
        (["workers=1,2", "model=a b"], "breakeven run workers=1,2 'model=a b' sweep=mine"),
        (["workers=1,2", "compare_by=label"], "breakeven run workers=1,2 compare_by=label sweep=mine"),
        (["workers=1,2,4"], "breakeven run model=process workers=1,2 sweep=mine"),
    ],
)
def test_the_command_is_what_was_typed(sample: Sample, overrides: list[str], repeated: str) -> None:
    """A grid or an experiment, in the sweep it was stored in; what is more than a grid is taken from the cells."""
    cells = [_add(sample, WIDE, workers) for workers in (1, 2)]
    _launch(sample, overrides, cells)
    command = _undecided(sample).command
    assert command is not None
    assert command.startswith(f"{repeated} budget=")


def test_what_is_not_known_to_be_a_grid_is_not_made_up(sample: Sample) -> None:
    """Only the knobs are named."""
    sample.add_rounds(WIDE, column="speedup", facts=FACTS, workers=1, overrides="a=1\nb=1")
    sample.add_rounds(WIDE, column="speedup", facts=FACTS, workers=2, overrides="a=2\nb=2")
    found = _undecided(sample)
    assert found.text.endswith("more would narrow them: run the sweep again with budget=25s")
    assert found.command is None


def test_one_round_says_how_long_it_takes_at_least(sample: Sample) -> None:
    """Its spread is not known; the number of rounds is no advice then, since nobody chose it."""
    _add(sample, (1.5,), 2)
    assert _undecided(sample).text == (
        "1 of 1 cell is wider than asked (±10 %), without an interval so far (process, workers=2); "
        "at least 0:05 more would narrow it:"
    )
    assert not any("rounds=" in caution.text for caution in _summary(sample)[0].cautions)


def test_cells_that_the_time_did_not_reach_are_counted(sample: Sample) -> None:
    """Alone or beside wide ones; not in a sweep whose number of rounds was chosen."""
    narrow = _add(sample, NARROW, 1)
    _launch(sample, ["model=process", "workers=1,2"], [narrow, "unseen"])
    assert _undecided(sample) == Undecided(
        "1 cell has no run yet; at least 0:05 more would measure it:",
        "breakeven run model=process workers=1,2 sweep=mine budget=5s",
    )
    wide = _add(sample, WIDE, 2)
    _launch(sample, ["model=process", "workers=1,2,4,8"], [narrow, wide, "unseen", "another"])
    assert _undecided(sample).text.endswith(
        "(process, workers=2); 2 cells have no run yet; at least 0:20 more would narrow them:"
    )


def test_a_chosen_number_of_rounds_that_is_not_complete_is_no_question_of_time(sample: Sample) -> None:
    """Which runs are missing is another line."""
    cell = _add(sample, NARROW, 1, precision=None)
    _launch(sample, ["model=process", "workers=1,2"], [cell, "unseen"])
    assert _summary(sample)[0].undecided is None


def test_another_folder_for_outputs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command finds the sweep from here."""
    monkeypatch.chdir(tmp_path)
    sample = Sample(tmp_path / "elsewhere" / "mine")
    _add(sample, WIDE, 2)
    command = _undecided(sample).command
    assert command is not None
    assert " sweep=mine outputs=elsewhere budget=" in command
