"""The command line and the summary, over stored sweeps."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from breakeven.analysis.figures import FIGURES, draw
from breakeven.analysis.figures.save import save
from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.show import main
from breakeven.analysis.summary.layout import lay_out
from breakeven.analysis.summary.screen import DEFAULT, ROWS, View, render, sum_up, summarise
from tests.analysis_samples import REFUSAL, Sample, build_rich


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Return the rich sweep."""
    return load(build_rich(tmp_path_factory.mktemp("outputs") / "rich"))


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sample:
    """Return a sweep of two cells in `outputs/small`, with the current directory beside."""
    monkeypatch.chdir(tmp_path)
    sample = Sample(tmp_path / "outputs" / "small", pairs=6)
    for workers in (1, 2):
        sample.add_map(model="process", workers=workers, speedup=0.95 * workers, spread=0.0)
    sample.sweep.point_latest()
    return sample


def _render(lab: Lab, *, width: int = 80, terminal: bool = False, view: View = DEFAULT) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, height=24, force_terminal=terminal, color_system=None)
    render(summarise(lab), console, view)
    return out.getvalue().splitlines()


def test_the_summary_of_a_small_sweep_word_for_word(small: Sample) -> None:
    """What all cells share, aligned columns, the best first, what to know, and what to type next."""
    assert _render(load(small.path)) == [
        "For spin at 1 KiB: not decided: each candidate ran in one process only",
        "  (rounds=auto runs more).",
        "",
        "map: spin, process, queue, 1 KiB, 200 tasks, task 1 ms, CPython 3.11.7, 2 CPUs",
        "#  workers  speedup [95 %]     startup  with start-up  efficiency",
        "1        2  1.90 [1.90, 1.90]  21.1 ms           1.52        0.95",
        "2        1  0.95 [0.95, 0.95]  42.1 ms           0.76        0.95",
        "",
        "-  in 2 of 2 cells the interval stands for one process, not for the cell: it ran",
        "   in one round only; rounds=auto, or 3 or more, covers what differs from",
        "   process to process",
        "2 cells (2 ok) in 2 runs",
        "",
        "results: outputs/small",
        "next: breakeven show outputs/small",
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_narrow_screen_drops_columns_and_the_whole_table_continues(small: Sample, terminal: bool) -> None:
    """In a written-down order; --all has them in a further table."""
    lab = load(small.path)
    lines = _render(lab, width=40, terminal=terminal)
    first = lines.index("#  workers  speedup [95 %]     startup")
    assert lines[first + 1 : first + 4] == [
        "1        2  1.90 [1.90, 1.90]  21.1 ms",
        "2        1  0.95 [0.95, 0.95]  42.1 ms",
        "",
    ]
    further = _render(lab, width=40, terminal=terminal, view=View(all=True))
    assert further[first : first + 3] == lines[first : first + 3]
    assert further[first + 4 : first + 7] == [
        "#  with start-up  efficiency",
        "1           1.52        0.95",
        "2           0.76        0.95",
    ]


def test_problems_are_grouped_by_reason(rich: Lab) -> None:
    """One line a reason with a count and an example, not one for each cell."""
    lines = _render(rich, width=200)
    assert f"incompatible, 3 cells: {REFUSAL} (such as process/reference)" in lines
    assert "timeout, 1 cell: no result within 30 s (such as thread/pipe, spin, 1 KiB)" in lines
    assert "46 cells (42 ok, 3 incompatible, 1 timeout) in 82 runs" in lines


def test_units_suit_each_pattern(rich: Lab) -> None:
    """Messages have round trips and bandwidth, windows a throughput, tasks a speedup."""
    tables = summarise(rich).cells
    assert sorted(tables) == ["map", "pingpong", "window"]
    cells = tables["pingpong"].texts
    row = cells[cells["ipc"].eq("pipe") & cells["payload"].eq("1 MiB")].iloc[0]
    assert not {"workload", "speedup [95 %]", "throughput"} & set(cells.columns)
    assert re.fullmatch(r"\d+ us \[\d+, \d+\]", row["round trip [95 %]"])
    assert row["p99"].endswith(" ms")
    assert row["bandwidth"].endswith(" GB/s")
    assert tables["window"].texts["throughput"].str.endswith(" k/s").all()
    assert not {"throughput", "bandwidth"} & set(tables["map"].texts.columns)


def test_each_question_has_its_best_cell_on_a_screen_that_is_too_small(
    rich: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of all questions are left out, never the best ones; the rest is one command away."""
    table = summarise(rich).cells["map"]
    shown = [line.split()[0] for line in lay_out(table, 80, 4)]
    assert shown == ["#", "1", "2", "16", "17"]
    monkeypatch.chdir(rich.path.parent)
    assert "   16 more: breakeven show rich --all" in _render(rich, terminal=True)


def test_a_long_table_is_cut_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More cells than fit are counted, and where to find them is said."""
    monkeypatch.chdir(tmp_path)
    name = "a-long-name-" * 5
    sample = Sample(tmp_path / name, pairs=2)
    for payload in range(ROWS + 3):
        sample.add_map(model="process", payload_bytes=payload, speedup=1.0)
    lines = _render(load(sample.path))
    command = lines.index("   3 more: breakeven show \\")
    assert lines[command + 1] == f"      {name} --all"
    assert sum(bool(re.match(r" ?\d+ +\d+ B ", line)) for line in lines) == ROWS


def test_brackets_in_a_reason_are_printed_as_they_are(tmp_path: Path) -> None:
    """What a user's function raised may look like markup."""
    sample = Sample(tmp_path / "sweep")
    sample.add_bad("failed", "KeyError: [bold]x[/bold]", model="thread")
    assert "failed, 1 cell: KeyError: [bold]x[/bold] (such as thread)" in _render(load(sample.path))


def _next(path: Path) -> str | None:
    """Return what comes after `breakeven show`."""
    return summarise(load(path), shown_now=True).next_command


def test_what_to_type_next(small: Sample) -> None:
    """After a sweep to show it, whatever is there; then debug what failed; then more rounds."""
    small.sweep.figures.mkdir()
    (small.sweep.figures / "scaling.png").touch()
    assert summarise(load(small.path)).next_command == "breakeven show outputs/small"
    again = "breakeven run pattern=map tasks=200 task=1000000 model=process workers=1,2 "
    assert _next(small.path) == f"{again}rounds=5"
    small.add_bad("crashed", "signal 9", model="thread", workers=1, overrides="model=thread\nworkers=1")
    assert _next(small.path) == "breakeven status outputs/small"
    typed = "model=thread\nworkers=2\nrounds=1\nx=a b\nretry_failed=true"
    small.add_bad("failed", "KeyError: 1", model="thread", workers=2, overrides=typed)
    assert _next(small.path) == "breakeven run model=thread workers=2 'x=a b' rounds=1 engine=debug"
    assert summarise(load(small.path)).next_command == "breakeven show outputs/small"


@pytest.mark.parametrize(
    "sweeper", ["hydra/sweeper=race", "hydra/sweeper=bisect", "hydra.sweeper.only=[{workers: 2}]"]
)
def test_what_failed_in_a_search_or_a_grid_is_debugged_alone(small: Sample, sweeper: str) -> None:
    """The command has the settings of one run: a race would refuse rounds, and an experiment add its own grids."""
    launch = {"options": [sweeper, "hydra.verbose=true"], "overrides": [], "order": []}
    (small.path / "sweep.yaml").write_text(json.dumps({"launches": [launch]}))
    typed = "model=thread\nworkers=2\n+experiment=advise"
    small.add_bad("failed", "KeyError: 1", model="thread", workers=2, overrides=typed)
    assert _next(small.path) == (
        "breakeven run hydra.verbose=true model=thread workers=2 +experiment=advise "
        "hydra.sweeper.params=null hydra.sweeper.grids=null rounds=1 engine=debug"
    )


def test_no_command_suggests_itself(sample: Sample, capsys: pytest.CaptureFixture[str]) -> None:
    """After `breakeven show` of a sweep that lacks nothing comes its page, whether or not figures were drawn."""
    sample.rounds = 5
    sample.add_map(model="process", workers=2, speedup=1.9)
    sum_up(Path("outputs/a"))
    assert capsys.readouterr().out.endswith("next: breakeven show outputs/a\n")
    assert main(["outputs/a", "--no-figures"]) == 0
    assert capsys.readouterr().out.endswith("next: breakeven report outputs/a\n")


def test_wide_cells_come_before_the_page(sample: Sample) -> None:
    """Their command is said beside them."""
    sample.rounds = 5
    sample.common["precision"] = 0.01
    sample.add_map(model="process", workers=2, speedup=1.9, spread=0.9, overrides="workers=2")
    summary = summarise(load(sample.path), shown_now=True)
    assert summary.undecided is not None
    assert summary.undecided.command is not None
    assert summary.next_command is None


@pytest.mark.parametrize(
    ("overrides", "rounds", "command"),
    [
        (("a=1", "a=2"), 1, "breakeven run a=1,2 rounds=5"),
        (("a=16", "a=2"), 1, "breakeven run a=2,16 rounds=5"),
        (
            ("+experiment=tour\na=1\nb=1", "+experiment=tour\na=2\nb=2"),
            1,
            "breakeven run +experiment=tour rounds=5",
        ),
        (("a=1\nb=1", "a=2\nb=2"), 1, "breakeven report sweep"),
        (("a=1", "a=2"), 2, "breakeven report sweep"),
    ],
)
def test_a_sweep_is_repeated_as_it_was_typed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    overrides: tuple[str, ...],
    rounds: int,
    command: str,
) -> None:
    """A grid as lists, an experiment by its name; what is neither is not made up."""
    monkeypatch.chdir(tmp_path)
    sample = Sample(tmp_path / "sweep", pairs=2, rounds=rounds)
    for place, typed in enumerate(overrides):
        sample.add_map(model="process", workers=place + 1, speedup=1.0, overrides=typed)
    assert _next(sample.path) == command


def test_the_command_draws_prints_and_follows_latest(
    small: Sample, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without arguments: the newest sweep; each figure is a file of each format, or among those that are missing."""
    assert main([]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert lines[0].startswith("For spin at 1 KiB: not decided")
    first = lines.index("") + 1
    saved = "figure outputs/small/figures/scaling.png, outputs/small/figures/scaling.svg"
    assert lines[first] == saved
    missing, _, rest = " ".join(" ".join(lines[first + 1 :]).split()).partition(" why: ")
    assert missing == f"no figure for: {', '.join(name for name in FIGURES if name != 'scaling')}"
    assert rest.startswith("breakeven show outputs/small --figure advice ")
    assert sorted(path.name for path in small.sweep.figures.iterdir()) == ["scaling.png", "scaling.svg"]
    assert (small.sweep.figures / "scaling.png").read_bytes().startswith(b"\x89PNG")
    assert "results: outputs/small" in lines


@pytest.mark.usefixtures("small")
def test_a_selection_narrows_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Table, verdicts and counts are of the selected cells; nothing of the others counts as missing."""
    assert main(["outputs/small", "--no-figures", "--select", "workers=2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "1 cell (1 ok) in 1 run" in lines
    assert not [line for line in lines if line.startswith(("incomplete", "2  "))]


@pytest.mark.usefixtures("small")
def test_a_figure_that_was_asked_for_says_why_it_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """Each in a line of its own."""
    assert main(["outputs/small", "--figure", "latency,scaling,memory"]) == 0
    lines = capsys.readouterr().out.splitlines()
    reason = "no cell sends messages: it needs pattern=pingpong with status ok and a payload"
    assert f"no figure latency: {reason}" in lines
    assert "no figure memory: no cell observed memory: it needs pattern=memory with status ok" in lines
    assert not [line for line in lines if line.startswith(("no figure for", "   why:"))]


def test_one_figure_in_one_format_or_none(small: Sample, capsys: pytest.CaptureFixture[str]) -> None:
    """--only and --format narrow what is drawn, --no-figures draws nothing."""
    assert main(["outputs/small", "--no-figures"]) == 0
    assert not small.sweep.figures.exists()
    assert main(["outputs/small", "--only", "scaling", "--format", "svg"]) == 0
    assert [path.name for path in small.sweep.figures.iterdir()] == ["scaling.svg"]
    assert "no figure" not in capsys.readouterr().out


def test_the_same_data_give_the_same_files(small: Sample, tmp_path: Path) -> None:
    """Nothing of the moment is in a picture, so that a changed file is a changed picture."""
    lab = load(small.path)
    first = [
        path.read_bytes() for path in save(draw("scaling", lab), tmp_path / "a", "scaling", ["png", "svg"])
    ]
    second = [
        path.read_bytes() for path in save(draw("scaling", lab), tmp_path / "b", "scaling", ["png", "svg"])
    ]
    assert first == second


def test_an_interrupted_sweep_says_what_is_missing(small: Sample) -> None:
    """What the last launch planned, against what is stored; a plan that cannot be read says nothing."""
    (cell,) = load(small.path).cells.index[:1]
    plan = small.path / "sweep.yaml"
    plan.write_text(f"launches: [{{order: [{cell}-0, {cell}-1, {cell}-2]}}]")
    said = "incomplete: 2 of 3 planned runs missing; run the sweep again, which resumes it"
    assert said in _render(load(small.path))
    plan.write_text("launches: [")
    assert not any(line.startswith("interrupted") for line in _render(load(small.path)))


def test_of_a_long_reason_what_happened_is_told(tmp_path: Path) -> None:
    """The exception with which a traceback ends, not what else its message says; where nothing ran and debugging failed nothing is suggested."""
    sample = Sample(tmp_path / "sweep")
    traceback = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: x\nsecond'
    sample.add_bad("failed", traceback, overrides="engine=debug")
    lines = _render(load(sample.path))
    assert "failed, 1 cell: ValueError: x (of 4 lines) (such as thread)" in lines
    assert "1 cell (1 failed) in 1 run" in lines
    assert not any(line.startswith("next:") for line in lines)
