"""What patterns observe beside times: estimates with intervals, and how they are named and written."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from breakeven.analysis.findings import RULES
from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.frames.observed import name_quantity, observe, write_quantity
from tests.analysis_samples import Sample


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """Return a sweep of two cells that observed three quantities, one of them never."""
    sample = Sample(tmp_path / "mine", pairs=2)
    for model, lost in (("thread", (0.0, 0.0, 0.0)), ("process", (10.0, 20.0, 60.0))):
        sample.add_observed(
            {"lost_per_million": lost, "update_ns": (100.0, 200.0, 400.0), "owned_bytes": (1024.0,) * 3},
            serial={"update_ns": (50.0,) * 3},
            pattern="map",
            model=model,
        )
    return load(sample.path)


def _one(lab: Lab, model: str, quantity: str, kind: str = "parallel") -> tuple[float, float, float, int]:
    rows = lab.observed.merge(lab.cells["model"], left_on="cell_id", right_index=True)
    found = rows.set_index(["model", "quantity", "kind"]).to_dict("index")[model, quantity, kind]
    return float(found["value"]), float(found["low"]), float(found["high"]), int(found["rounds"])


def test_times_and_sizes_are_geometric_means_over_processes(lab: Lab) -> None:
    """Their interval is Student's on logarithms: 200 times or divided by 2 ** (4.303 / sqrt(3))."""
    factor = 2 ** (4.302653 / math.sqrt(3))
    assert _one(lab, "thread", "update_ns") == pytest.approx((200, 200 / factor, 200 * factor, 3))
    assert _one(lab, "thread", "owned_bytes") == pytest.approx((1024, 1024, 1024, 3))


def test_counts_are_means_and_may_be_zero(lab: Lab) -> None:
    """Student's interval of the mean, from zero on."""
    assert _one(lab, "thread", "lost_per_million") == (0, 0, 0, 3)
    half = 4.302653 * math.sqrt(700 / 3)
    assert _one(lab, "process", "lost_per_million") == pytest.approx((30, 0, 30 + half, 3))


def test_a_share_is_at_most_all(tmp_path: Path) -> None:
    """Its interval is cut off there, as at zero."""
    sample = Sample(tmp_path / "mine", pairs=2)
    sample.add_observed({"missed_share": (0.2, 0.99)}, pattern="map", model="thread")
    found = load(sample.path).observed
    assert found[["low", "value", "high"]].to_numpy().tolist() == [[0.0, pytest.approx(0.595), 1.0]]


def test_serial_trials_are_apart(lab: Lab) -> None:
    """What only they, or only the others, observed has no row for the other kind."""
    assert _one(lab, "thread", "update_ns", "serial")[0] == pytest.approx(50)
    with pytest.raises(KeyError):
        _one(lab, "thread", "lost_per_million", "serial")


def test_one_process_has_no_interval(tmp_path: Path) -> None:
    """Its value is there, for both ways to estimate."""
    sample = Sample(tmp_path / "mine")
    sample.add_observed({"lost_per_million": (3.0,), "update_ns": (7.0,)}, pattern="map")
    found = load(sample.path).observed
    assert sorted(found["value"]) == pytest.approx([3, 7])
    assert found[["low", "high"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("quantity", "value", "name", "text"),
    [
        ("lateness_p99_ns", 1.5e6, "lateness p99", "1.50 ms"),
        ("private_bytes", 1024.0, "private", "1 KiB"),
        ("messages_per_s", 12_345.0, "messages", "12.3 k/s"),
        ("missed_share", 0.0125, "missed", "1.25 %"),
        ("lost_per_million", 12.3456, "lost per million", "12.3"),
        ("lost_per_million", math.nan, "lost per million", "-"),
    ],
)
def test_a_quantity_is_named_and_written_by_its_unit(
    quantity: str, value: float, name: str, text: str
) -> None:
    """The end of its name says which."""
    assert (name_quantity(quantity), write_quantity(quantity, value)) == (name, text)


def test_rare_events_are_counted_over_all_tasks() -> None:
    """A process of 100 tasks with 10 events, and one of 900 with none, make 10 of 1000; the interval is the ratio estimator's."""
    found = observe(
        pd.DataFrame({"cell_id": "a", "round": [0, 1], "status": "ok"}),
        pd.DataFrame(
            {
                "cell_id": "a",
                "round": [0, 1],
                "trial": 0,
                "kind": "parallel",
                "tasks": [100, 900],
                "warmup": False,
                "traced": False,
            }
        ),
        pd.DataFrame(
            {
                "cell_id": "a",
                "round": [0, 1],
                "trial": 0,
                "worker": -1,
                "quantity": "lost_per_million",
                "value": [100_000.0, 0.0],
            }
        ),
    ).iloc[0]
    error = math.sqrt(2 * (9_000_000**2 + 9_000_000**2)) / 1000
    assert found["value"] == pytest.approx(10_000)
    assert found["low"] == 0
    assert found["high"] == pytest.approx(10_000 + 12.7062 * error, rel=1e-4)


def test_every_rule_is_written_down() -> None:
    """Where a reader of a verdict looks for it, with a table or a sentence of its decisions."""
    page = Path(__file__).parents[2].joinpath("docs/verdicts.md").read_text()
    section = page.partition("## What follows from observations")[2].partition("\n## ")[0]
    for _, find in RULES:
        name = find.__module__.rpartition(".")[2]
        assert f"`{name}`" in section, name
