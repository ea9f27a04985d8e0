"""What patterns observe, as a picture: which quantities stand where, what was never seen, and what the title says."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from breakeven.analysis.figures import choose, draw, observed
from breakeven.analysis.frames.load import Lab, load
from tests.analysis_samples import Sample, add_counted


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """Return a sweep of threads and processes, 2 and 4, with and without a lock."""
    sample = Sample(tmp_path / "races", pairs=2)
    for model, workers in (("thread", 2), ("thread", 4), ("process", 2), ("process", 4)):
        lost = (1e5 * workers, 1.1e5 * workers) if model == "process" else (0.0, 0.0)
        add_counted(
            sample,
            {"lost_per_million": lost, "update_ns": (80.0, 90.0)},
            "none",
            model=model,
            workers=workers,
        )
        quick = {"lost_per_million": (0.0, 0.0), "update_ns": (3e3, 3.1e3)}
        add_counted(sample, quick, "lock", model=model, workers=workers)
    return load(sample.path)


def _panels(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.findobj(Axes) if isinstance(axes, Axes)]


def test_a_panel_is_a_quantity_of_a_setting(lab: Lab) -> None:
    """Each with a scale of its own, from zero on for what may be none, and the serial trials beside it."""
    figure = draw("observed", lab.narrow(lab.cells.index[lab.cells["workers"].eq(2)]))
    panels = _panels(figure)
    assert [axes.get_xlabel() for axes in panels] == ["lost per million", "update"] * 2
    assert [axes.get_xscale() for axes in panels] == ["symlog", "log"] * 2
    assert panels[0].get_xlim()[0] < 0 < panels[1].get_xlim()[0]
    (legend,) = figure.findobj(Legend)
    assert [text.get_text() for text in legend.get_texts()] == ["serial, for comparison"]


def test_what_was_never_seen_ends_at_the_rule_of_three(lab: Lab) -> None:
    """Of 20 million updates without a loss at most 0.15 per million may be lost; the caption says what the bar is."""
    frame = observed.frame(lab)
    never = frame[frame["never"]]
    assert set(never["model"]) == {"thread", "process"}
    assert never["value_low"].eq(0).all()
    assert never["value_high"].to_numpy() == pytest.approx(0.15)
    assert frame.loc[
        ~frame["never"] & frame["quantity"].eq("lost_per_million"), "value"
    ].min() == pytest.approx(210_000)
    assert "rule of three" in draw("observed", lab).get_supxlabel()
    assert (
        "rule of three" not in draw("observed", lab, select="model=process,pattern.lock=none").get_supxlabel()
    )


def test_factors_can_be_chosen(lab: Lab) -> None:
    """Along x there are lines, of which one is drawn for each colour, and no row is pooled."""
    narrowed, roles = choose(lab, x="workers", hue="model", facet="pattern.lock")
    frame = observed.frame(narrowed, roles)
    assert len(frame) == 2 * 8
    assert not frame.duplicated(["mechanism", "setting", "length", "quantity"]).any()
    figure = draw("observed", lab, x="workers", hue="model", facet="pattern.lock")
    panels = _panels(figure)
    assert [axes.get_ylabel() for axes in panels] == ["lost per million", "update"] * 2
    assert {axes.get_xlabel() for axes in panels} == {"workers"}
    assert [axes.get_title("left") for axes in panels] == ["lock=lock", "", "lock=none", ""]


def test_the_title_says_what_was_found(lab: Lab) -> None:
    """In the words of the rule; of more findings than there is room for, how many."""
    title = " ".join(draw("observed", lab, select="workers=2").get_suptitle().split())
    assert title == "process loses 21.0 %; thread lost none of 20.0 M"
    every = " ".join(draw("observed", lab).get_suptitle().split())
    assert every.endswith("; 1 more")


def test_without_a_rule_the_title_names_the_least_and_the_most(tmp_path: Path) -> None:
    """Of the first quantity that differs."""
    sample = Sample(tmp_path / "sweep", pairs=2)
    for model, share in (("thread", 0.25), ("process", 0.125)):
        seen = {"steady_bytes": (1024.0, 1024.0), "missed_share": (share, share)}
        sample.add_observed(seen, pattern="map", model=model)
    figure = draw("observed", load(sample.path))
    assert " ".join(figure.get_suptitle().split()) == "Missed: 12.5 % with process, 25.0 % with thread"
    assert _panels(figure)[1].get_xscale() == "linear"


def test_settings_that_need_too_many_panels_are_rows(tmp_path: Path) -> None:
    """All of them are shown, in the order of their factors, a panel a quantity."""
    sample = Sample(tmp_path / "sweep", pairs=2)
    quantities = ("lost_per_million", "torn_per_million", "rate_per_s", "update_ns")
    for payload, model in product((64, 1024, 4096, 65536), ("thread", "process")):
        seen = {name: (float(payload), float(payload)) for name in quantities}
        sample.add_observed(
            seen, pattern="map", model=model, payload_bytes=payload, payload_asked_bytes=payload
        )
    panels = _panels(draw("observed", load(sample.path)))
    assert len(panels) == len(quantities)
    rows = [label.get_text() for label in panels[0].get_yticklabels()]
    assert rows[:3] == ["process, 64 B", "thread, 64 B", "process, 1 KiB"]
    assert len(rows) == 8
