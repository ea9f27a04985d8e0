"""What the figures of one sweep, its table and its page show of the same thing: one number, one colour, one name."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from breakeven.analysis.figures import activity, draw, startup, timeline, winner
from breakeven.analysis.figures.roles import DEFAULT, HUES, Roles, place_styles
from breakeven.analysis.figures.style import PALETTE
from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.report.explorer import MECHANISM, explore
from breakeven.analysis.summary.cells import tables
from breakeven.analysis.units import format_time
from breakeven.analysis.verdicts.costs import costs
from breakeven.command import main
from tests.analysis_samples import MS, Sample

STARTUPS = (1.0 * MS, 4.0 * MS, 4.0 * MS)
"""Of three processes: their median is 4 ms, their geometric mean 2.52 ms."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Return a sweep of two models, channels, numbers of workers and of tasks, and two affinities."""
    sample = Sample(tmp_path_factory.mktemp("outputs") / "sweep", rounds=2, pairs=6)
    gains = product(("thread", "process"), ("pipe", "queue"), (1, 2), (100, 200), ("none", "scatter"))
    for model, ipc, workers, tasks, affinity in gains:
        speedup = 1.0 if model == "thread" else 0.9 * workers
        factors: dict[str, Any] = {"ipc": ipc, "workers": workers, "tasks": tasks, "affinity": affinity}
        sample.add_map(model=model, speedup=speedup, spans=workers == 2, **factors)
    return load(sample.path)


def _colors(figure: Figure) -> dict[str, tuple[str, str]]:
    """Return colour and marker of each mechanism in a figure."""
    groups = [
        group
        for axes in figure.findobj(Axes)
        for group in axes.containers
        if isinstance(group, ErrorbarContainer)
    ]
    lines = {str(group.get_label()): group.lines[0] for group in groups}
    return {
        name: (to_hex(line.get_color()), str(line.get_marker()))
        for name, line in lines.items()
        if line is not None
    }


def test_start_up_is_one_number_everywhere(tmp_path: Path) -> None:
    """In the figure, the table, what a verdict costs, and the explorer: the geometric mean over processes."""
    sample = Sample(tmp_path / "sweep")
    slow = sample.add_rounds(STARTUPS, column="startup_ns", facts={"speedup": 1.5}, model="process")
    sample.add_rounds((MS, MS, MS), column="startup_ns", facts={"speedup": 1.0}, model="thread")
    lab = load(sample.path)
    row = lab.estimates.astype("object").loc[slow].to_dict()
    value = row["startup_ns"]
    assert value == pytest.approx((STARTUPS[0] * STARTUPS[1] * STARTUPS[2]) ** (1 / 3))
    assert row["startup_ns_low"] * row["startup_ns_high"] == pytest.approx(value**2)
    drawn = startup.frame(lab).query("cell_id == @slow").iloc[0]
    ends = ["startup_ns", "startup_ns_low", "startup_ns_high"]
    assert drawn[ends].tolist() == [row[name] for name in ends]
    (table,) = tables(lab, {}).values()
    assert table.texts.loc[slow, "startup"] == format_time(value) == "2.52 ms"
    assert costs(lab).loc[slow, "startup_ns"] == value
    found = explore(lab)
    place = [measure["name"] for measure in found["measures"]].index("startup")
    (cell,) = (cell for cell in found["cells"] if cell["id"] == slow)
    assert cell["of"][place][:3] == pytest.approx([row[name] / MS for name in ends], rel=1e-5)
    assert "process in 2.52 ms" in " ".join(draw("startup", lab).get_suptitle().split())


def test_a_row_that_combines_cells_says_so(lab: Lab) -> None:
    """Their number is none of the table's."""
    assert "up to 4 cells a row" in draw("startup", lab).get_supxlabel()
    one = draw("startup", lab, select="tasks=100,affinity=none")
    assert "a row" not in one.get_supxlabel()


@pytest.mark.parametrize("select", [None, "affinity=none,tasks=100", "model=thread,affinity=none,tasks=100"])
def test_a_mechanism_has_one_look_in_all_figures(lab: Lab, select: str | None) -> None:
    """Whichever others a figure shows, of whichever selection: also where its name is shorter."""
    whole = _colors(draw("scaling", lab))
    assert len(whole) == len(set(whole.values())) == 8
    for name in ("scaling", "startup", "channels"):
        some = _colors(draw(name, lab, select=select))
        assert some.items() <= {(one, seen) for one, seen in whole.items()} | {
            (one.split("/")[-1], seen) for one, seen in whole.items()
        }


def test_the_values_of_a_chosen_hue_have_one_look(lab: Lab) -> None:
    """They are chosen from the whole sweep, too; where further factors are told apart, the first of each has it."""
    whole = _colors(draw("scaling", lab, hue="ipc"))
    finer = _colors(draw("startup", lab, hue="ipc"))
    assert {"pipe": finer["pipe/process"], "queue": finer["queue/process"]} == whole
    assert len(finer) == len(set(finer.values())) == 4
    some = _colors(draw("scaling", lab, hue="ipc", select="ipc=queue"))
    assert some == {"queue": whole["queue"]}
    assert whole["queue"] != whole["pipe"]


def test_the_explorer_has_the_order_of_the_colours(lab: Lab) -> None:
    """Its colours are by the place among all values of a factor."""
    factors = {factor["name"]: factor["values"] for factor in explore(lab)["factors"]}
    drawn = _colors(draw("scaling", lab))
    assert [drawn[name][0] for name in factors[MECHANISM]] == list(PALETTE[:8])
    by_channel = _colors(draw("scaling", lab, hue="ipc"))
    assert [by_channel[name][0] for name in factors["ipc"]] == list(PALETTE[:2])


def test_more_mechanisms_than_colours_begin_anew_in_each_figure(tmp_path: Path) -> None:
    """No place is given to them."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    for number in range(HUES + 1):
        for workers in (1, 2):
            sample.add_map(affinity=f"cpu{number}", workers=workers, speedup=1.0)
    many = load(sample.path)
    assert place_styles(many).empty
    assert place_styles(many, Roles(hue=("workers",))).nunique() == 2
    picked = draw("scaling", many, select="affinity=cpu10")
    assert [color for color, _ in _colors(picked).values()] == [PALETTE[0]]


def test_lanes_say_which_cells_they_are(lab: Lab) -> None:
    """What differs between panels is in their titles, what varies in the sweep and is alike in all in the caption."""
    figure = draw("timeline", lab)
    titles = [axes.get_title("left") for axes in figure.findobj(Axes) if "GIL" in axes.get_title("left")]
    assert titles == ["thread, GIL on", "process, GIL on"]
    for said in ("2 workers", "channel queue", "affinity none", "100 tasks"):
        assert said in figure.get_supxlabel()
    by_channel = draw("timeline", lab, facet="ipc").get_supxlabel()
    assert "model thread" in by_channel
    assert "channel" not in by_channel


def test_lanes_of_unlike_cells_name_what_differs(tmp_path: Path) -> None:
    """Also if it belongs to no mechanism, as the number of tasks."""
    sample = Sample(tmp_path / "sweep", rounds=2, pairs=4)
    for model, tasks in (("thread", 100), ("process", 200)):
        sample.add_map(model=model, tasks=tasks, workers=2, speedup=1.0, spans=True)
    sample.add_map(model="thread", tasks=200, workers=2, speedup=1.0)
    found = timeline.frame(load(sample.path), DEFAULT)
    assert set(found["mechanism"]) == {"thread, 100 tasks", "process, 200 tasks"}


def test_the_activity_says_which_cells_it_is_of(tmp_path: Path) -> None:
    """As the timeline does."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    for model, ipc, workers in product(("thread", "process"), ("pipe", "queue"), (1, 2)):
        sample.add_window(model=model, ipc=ipc, workers=workers, per_second=2e4, serial_per_second=2e4)
    lab = load(sample.path)
    assert activity.frame(lab)["common"].unique().tolist() == ["channel queue"]
    assert "channel queue" in draw("activity", lab).get_supxlabel()


def test_a_page_speaks_of_no_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The screen does; a page has no command line."""
    sample = Sample(tmp_path / "sweep", rounds=2, pairs=12)
    for number in range(HUES + 2):
        for workers in (1, 2):
            variables = f"OMP_NUM_THREADS={number + 1}"
            overrides = f"environment.{variables}"
            sample.facts = {"n_disturbed": 6, "speedup_quiet": 1.5 + 0.01 * workers}
            sample.add_map(variables=variables, workers=workers, speedup=1.0, overrides=overrides)
    page = tmp_path / "page.html"
    assert main(["report", str(sample.path), "-o", str(page)]) == 0
    body = page.read_text(encoding="utf-8").partition("<body")[2].partition("<script")[0]
    texts = re.sub(r"<(code|pre)\b.*?</\1>|<[^>]*>", " ", body, flags=re.DOTALL)
    assert "the column quiet is without the disturbed ones" in texts
    assert re.findall(r"(?<![\w-])--[a-z-]+", texts) == []
    assert "picks others" not in page.read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["show", str(sample.path), "--no-figures", "--all"]) == 0
    said = capsys.readouterr().out
    assert "--all shows it" in " ".join(said.split())


def test_the_quiet_pairs_have_their_interval(tmp_path: Path) -> None:
    """It is compared with that of all pairs."""
    sample = Sample(tmp_path / "sweep")
    disturbed = {"n_disturbed": 6, "n_trials": 12, "speedup": 1.5}
    cell = sample.add_rounds((1.6, 1.7, 1.8), column="speedup_quiet", facts=disturbed)
    lab = load(sample.path)
    row = lab.estimates.loc[cell].to_dict()
    value, low, high = (float(row[f"speedup_quiet{end}"]) for end in ("", "_low", "_high"))
    (table,) = tables(lab, {}).values()
    assert table.texts.loc[cell, "quiet [95 %]"] == f"{value:.2f} [{low:.2f}, {high:.2f}]"


def test_as_many_workers_as_cpus_are_not_beyond_them(lab: Lab) -> None:
    """Points stand side by side, and none to the right of its number of workers."""
    panels = [axes for axes in draw("scaling", lab).findobj(Axes) if axes.containers]
    places = [
        group.lines[0].get_xdata()
        for axes in panels
        for group in axes.containers
        if isinstance(group, ErrorbarContainer) and group.lines[0] is not None
    ]
    found = np.array(places, float)
    assert found.shape[1] == 2  # one worker and two
    assert (found <= [1, 2]).all()
    assert (found > [0.7, 1.7]).all()
    assert len(np.unique(found[:, 1])) == 8


def test_a_winner_has_the_colour_of_its_mechanism(tmp_path: Path) -> None:
    """In the map, as in the lines."""
    sample = Sample(tmp_path / "sweep", rounds=3, pairs=6)
    for model, task_ns, workers in product(("thread", "process", "process_pool"), (MS, 4 * MS), (1, 2)):
        gain = 0.9 * workers if model == "process_pool" else 0.8
        sample.add_map(model=model, workers=workers, speedup=gain, task_ns=task_ns)
    lab = load(sample.path)
    (color,) = winner.Key.of(_placed(winner.frame(lab), lab)).colors.values()
    drawn = _colors(draw("scaling", lab))
    assert [name for name, (seen, _) in drawn.items() if seen == color] == ["process_pool"]


def _placed(frame: pd.DataFrame, lab: Lab) -> pd.DataFrame:
    """Return the frame as `draw_roles` hands it to a figure."""
    return frame.assign(style_place=place_styles(lab).reindex(frame.index).to_numpy())
