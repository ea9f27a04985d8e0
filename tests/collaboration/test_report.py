"""`breakeven report`: one file about a sweep, whole or not at all."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
import yaml

from breakeven.analysis.frames.load import load
from breakeven.analysis.report.explorer import explore
from breakeven.analysis.summary.next_command import repeat
from breakeven.analysis.verdicts import verdicts
from breakeven.base.layout import SweepPaths
from breakeven.command import main
from tests.analysis_samples import Sample
from tests.page_samples import add_grid, read_data

Captured = pytest.CaptureFixture[str]
MIB = 2**20


@pytest.fixture
def grid(sample: Sample) -> Sample:
    """Return a sweep with a few cells."""
    add_grid(sample)
    return sample


@pytest.fixture(autouse=True)
def few_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw one of the figures: each takes its time, and other tests see all of them."""
    monkeypatch.setattr("breakeven.analysis.report.sweep.FIGURES", ["scaling"])


def test_a_page_is_one_file_in_the_results_folder(grid: Sample, capsys: Captured) -> None:
    """The line that is printed says where it is and how large; the newest sweep is taken if none is named."""
    grid.path.with_name("latest").symlink_to(grid.path.name)
    assert main(["report"]) == 0
    written = grid.path / "report.html"
    said = capsys.readouterr()
    assert re.fullmatch(
        r"outputs/a/report\.html: [\d.]+ [KM]iB, one file, to open in a browser or to send\n", said.out
    )
    assert said.err == ""
    assert MIB / 2 < written.stat().st_size < 3 * MIB
    assert not list(grid.path.glob(".*part"))
    assert main(["report", "outputs/a", "-o", "again.html"]) == 0
    assert (
        Path("again.html").read_bytes() == written.read_bytes()
    )  # what differs between two pages differs in their sweeps
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", written.read_text().partition("<script>")[0])


@pytest.mark.usefixtures("grid")
def test_it_says_what_the_summary_says() -> None:
    """Every number on it is one that was computed for the screen: verdicts, table, and the estimates to explore."""
    assert main(["report", "outputs/a", "-o", "page.html"]) == 0
    page, lab = Path("page.html").read_text(), load("outputs/a")
    assert "The command" not in page  # such a sweep has no description
    for clause in verdicts(lab)["clause"]:
        assert str(clause).rpartition(", ")[2] in page
    data = read_data(page)
    speedup = next(place for place, one in enumerate(data["measures"]) if one["name"] == "speedup")
    told = {cell["id"]: cell["of"][speedup] for cell in data["cells"]}
    known = lab.estimates["speedup"].dropna()
    assert {cell for cell, found in told.items() if found} == set(known.index)
    assert [told[cell][0] for cell in known.index] == pytest.approx(list(known), rel=1e-5)
    columns = data["tables"][0]["columns"]
    assert columns[0] == "cell_id"
    assert {"speedup", "speedup_low", "speedup_high"} <= set(columns)
    rows = [row for sheet in data["tables"] for row in sheet["rows"]]
    assert {row[0] for row in rows} == set(lab.estimates.index)


@pytest.mark.usefixtures("grid")
def test_a_cell_has_its_sample_its_machine_and_its_command() -> None:
    """What one wants to know of a point before believing it."""
    found = explore(load("outputs/a"))
    names = [factor["name"] for factor in found["factors"]]
    assert names[0] == "mechanism"
    assert {"model", "ipc", "workers", "payload"} < set(names)
    cell = next(cell for cell in found["cells"] if "thread" in cell["name"])
    assert cell["n"] == "3 runs, 36 trials"
    assert cell["machine"] == "bench · Intel Xeon Platinum 8481C · 2 CPUs · CPython 3.11.7"
    assert cell["command"].startswith("breakeven run ")
    assert "model=thread" in cell["command"]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            "model=thread\nworkers=2\nsweep=mine\nbudget=3s\nrounds=2",
            "breakeven run model=thread workers=2 rounds=2",
        ),
        (
            "model=thread\n+experiment=tour",
            "breakeven run model=thread +experiment=tour hydra.sweeper.params=null hydra.sweeper.grids=null",
        ),
        ("label=a b", "breakeven run 'label=a b'"),
        (None, "breakeven run"),
    ],
)
def test_a_command_repeats_one_cell(tmp_path: Path, overrides: str | None, said: str) -> None:
    """Without what is of the whole sweep; the grids of an experiment are taken out, and what else it sets is kept."""
    assert repeat(tmp_path, overrides) == said


def test_bad_input_is_one_line(grid: Sample, capsys: Captured) -> None:
    """Before anything is drawn; nothing is written."""
    Path("folder").mkdir()
    for typed, said in (
        (
            ["report", "outputs/none"],
            "no results folder at outputs/none; measure with `breakeven run` first, or name one of: outputs/a",
        ),
        (
            ["report", "outputs/a", "-o", "folder"],
            "cannot write the page to folder: it is a folder; name a file in it with -o",
        ),
        (
            ["report", "outputs/a", "-o", "none/page.html"],
            "cannot write the page to none/page.html: there is no folder none; make it, or name another file with -o",
        ),
        (
            ["report", "--nothing"],
            "unrecognized arguments: --nothing; see breakeven report --help",
        ),
    ):
        assert main(typed) == 2
        assert capsys.readouterr() == ("", f"{said}\n")
    assert not list(Path().glob("**/*.html"))
    assert grid.runs


def test_a_sweep_in_which_nothing_ran_has_a_page(sample: Sample) -> None:
    """It says why, and has neither figures nor cells to explore."""
    sample.add_bad("failed", "ValueError: no & <no>", model="thread")
    assert main(["report", "outputs/a", "-o", "page.html"]) == 0
    page = Path("page.html").read_text()
    assert "ValueError: no &amp; &lt;no&gt;" in page
    assert read_data(page)["cells"] == []
    assert "<figure" not in page


def test_the_settings_are_those_that_were_measured(sample: Sample) -> None:
    """Not those of the configuration without its grid; the page says them all, whatever file set them."""
    for model, workers in product(("thread", "process"), (1, 2)):
        config = {"workload": {"name": "function", "target": "mine:work"}, "model": {"name": model}}
        text = yaml.safe_dump({**config, "workers": workers, "gc": "default"})
        sample.add_map(model=model, workers=workers, speedup=1.0, config=text)
    launch = {"overrides": ["+experiment=mine"], "config": {"workload": {"name": "spin"}}, "order": []}
    SweepPaths(sample.path).description.write_text(yaml.safe_dump({"launches": [launch]}), encoding="utf-8")
    assert main(["report", "outputs/a", "-o", "page.html"]) == 0
    origin = Path("page.html").read_text().partition('id="origin"')[2].partition("</section>")[0]
    for said in (
        "breakeven run +experiment=mine</pre>",
        "What the file of the experiment sets is among the settings below.",
        "<dt>model</dt><dd>process, thread</dd>",
        "<dt>workers</dt><dd>1, 2</dd>",
        "<p>4 cells, every combination</p>",
        "target: mine:work",
    ):
        assert said in origin
    assert "spin" not in origin
