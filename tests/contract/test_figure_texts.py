"""Sentences of figures, from intervals alone, and lengths of tasks in labels."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.figures import bandwidth, latency
from breakeven.analysis.figures.activity import _describe_change
from breakeven.analysis.figures.by_payload import Measure, describe_winner
from breakeven.analysis.figures.crossings import describe_break_even, describe_overtaking
from breakeven.analysis.figures.look import _apart
from breakeven.analysis.figures.texts import CUT, LINES, _wrap, shorten_label, wrap_label
from breakeven.analysis.frames.lengths import NEAR, lengths_of_tasks, name_lengths
from breakeven.analysis.verdicts.lines import Line
from breakeven.analysis.verdicts.payoff import Payoff

VALUES = st.floats(1, 1000)
HALVES = st.floats(0, 1)


def _ends(first: float, last: float, *halves: float) -> pd.Series[Any]:
    row: dict[str, float] = {}
    for name, value, half in zip(("first", "last"), (first, last), halves, strict=True):
        row |= {name: value, f"{name}_low": value * np.exp(-half), f"{name}_high": value * np.exp(half)}
    return pd.Series(row)


@given(VALUES, VALUES, HALVES, HALVES)
def test_a_change_is_named_as_soon_as_the_intervals_lie_apart(
    first: float, last: float, one: float, other: float
) -> None:
    """And never against them: an interval of the ratio that holds 1 claims no change."""
    ends = _ends(first, last, one, other)
    said = _describe_change(ends)
    if ends["last_low"] > 1.001 * ends["first_high"] or 1.001 * ends["last_high"] < ends["first_low"]:
        assert " times (" in said
    if abs(np.log(last / first)) < np.hypot(one, other) - 0.001:
        assert " times (" not in said


@pytest.mark.parametrize(
    ("first", "last", "half", "said"),
    [
        (100, 195, 0.05, "1.95 times (1.82 to 2.09)"),
        (100, 50, 0.05, "0.50 times (0.47 to 0.54)"),
        (100, 102, 0.05, "about as many (0.95 to 1.09)"),
        (100, 102, 0.12, "about as many (0.86 to 1.21)"),
        (100, 150, 0.6, "no clear change (0.64 to 3.50)"),
        (100, 100, np.nan, "no clear change (no interval)"),
    ],
)
def test_a_change_in_words(first: float, last: float, half: float, said: str) -> None:
    """Twice as many, half, about as many, or not known; always with what it may be."""
    assert _describe_change(_ends(first, last, half, half)) == said


def test_a_total_that_may_be_zero_has_no_ratio() -> None:
    """It is not known how many times as many the other is."""
    ends = _ends(100, 200, 0.1, 0.1)
    ends["first_low"] = 0.0
    assert _describe_change(ends) == "no clear change (no interval)"


@given(st.lists(st.floats(1, 1e12), min_size=1, max_size=40, unique=True))
def test_ticks_are_values_that_lie_apart(values: list[float]) -> None:
    """The first, the last, and of those between none too near to its neighbour."""
    ordered = sorted(values)
    kept = _apart(ordered)
    assert set(kept) <= set(ordered)
    assert (kept[0], kept[-1]) == (ordered[0], ordered[-1])
    span = np.log(ordered[-1] / ordered[0])
    assert all(np.log(after / before) >= 0.1199 * span for before, after in pairwise(kept))


@pytest.mark.parametrize(
    "unit", ["B", "kB", "KiB", "MiB", "GiB", "ns", "us", "ms", "s", "%", "workers", "k/s", "MB/s", "/s"]
)
def test_a_unit_stays_with_its_number(unit: str) -> None:
    """Wherever a label breaks."""
    lines = {
        line
        for width in range(14, 30)
        for line in wrap_label(f"threads at 64 {unit} each", width).split("\n")
    }
    assert not any(line.endswith("64") for line in lines)


@given(st.lists(st.text("abc", min_size=1, max_size=40), min_size=1, max_size=40), st.integers(8, 40))
def test_a_label_has_few_lines(words: list[str], width: int) -> None:
    """Of one that is too long the beginning and the end are kept; so of one that has a single line."""
    label = " ".join(words)
    lines = wrap_label(label, width).split("\n")
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= width
    assert label.startswith(lines[0])
    assert label.endswith(lines[-1])
    assert CUT in lines or "".join(lines).replace(" ", "") == "".join(words)
    short = shorten_label(label, width)
    assert len(short) <= width
    assert short == label or (short[0], short[-1]) == (label[0], label[-1])


def _line(mechanism: str, *points: tuple[float, float, float, float]) -> pd.DataFrame:
    names = ["task_ns", "length", "speedup_low", "speedup_high"]
    return pd.DataFrame(points, columns=names).assign(mechanism=mechanism, setting="")


def test_a_crossing_is_between_the_lengths_that_were_measured() -> None:
    """Their means where one overtakes another at the same work."""
    lines = [_line("a", (1, 1, 2.0, 2.1), (2, 2, 4.0, 4.1)), _line("b", (1, 4, 3.0, 3.1), (2, 8, 3.0, 3.1))]
    found = describe_overtaking(pd.concat(lines), "task_ns", "{:.0f}".format)
    assert list(found) == ["a overtakes b between 2 and 4"]


def test_break_even_is_what_the_verdicts_say() -> None:
    """Of the lines along that axis that have one, under the names of the figure."""
    lines = [
        Line("task_ns", ("a1", "a2"), (1e3, 1e6), Payoff("from", 1e6, 1e3, 1e5)),
        Line("task_ns", ("b1", "b2"), (1e3, 1e6), Payoff("throughout")),
        Line("task_ns", ("gone",), (1e3, 1e6), Payoff("from", 1e6, 1e3, 1e5)),
        Line("payload_asked_bytes", ("a1", "a3"), (1, 2), Payoff("up to", 1, 2, 1.5)),
    ]
    frame = pd.DataFrame({"mechanism": "process", "setting": ["", "x", ""]}, index=["a1", "b1", "a2"])
    found = list(describe_break_even(frame, "task_ns", lines))
    assert found == ["process pays from a task length between 1 us and 1 ms"]


# --- lengths of tasks


def _cells(*tasks: tuple[float | None, float | None], **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame(tasks, columns=["task_ns", "task_measured_ns"], dtype="float64")
    work: Any = {"workload": "spin", "variant": "", "payload_asked_bytes": 1, "interpreter": "a"} | columns
    return frame.assign(**work)


@given(st.lists(st.tuples(st.sampled_from([1e3, 1e6]), st.floats(0.3, 3)), min_size=1, max_size=6))
def test_a_length_is_what_was_asked_or_the_mean_of_what_was_measured(
    tasks: list[tuple[float, float]],
) -> None:
    """Cells that do the same work on one interpreter are drawn at one place."""
    cells = _cells(*((asked, asked * takes) for asked, takes in tasks))
    lengths = lengths_of_tasks(cells)
    for place, (asked, _) in enumerate(tasks):
        mean = np.exp(np.mean([np.log(takes) for other, takes in tasks if other == asked]))
        if abs(abs(mean - 1) - NEAR) > 1e-9:
            assert lengths[place] == pytest.approx(asked if abs(mean - 1) < NEAR else asked * mean)


def test_interpreters_have_lengths_of_their_own_and_labels_in_common() -> None:
    """A label names both that mean and what was asked; what differs only in what a figure has along x shares it."""
    cells = _cells(
        (1e6, 1e6), (1e6, 2e6), (1e6, 2e6), interpreter=["a", "b", "b"], payload_asked_bytes=[1, 1, 2]
    )
    assert lengths_of_tasks(cells).tolist() == pytest.approx([1e6, 2e6, 2e6])
    assert name_lengths(cells).tolist() == ["1.41 ms instead of 1 ms"] * 2 + ["2 ms instead of 1 ms"]
    assert len(set(name_lengths(cells, ("payload_asked_bytes",)))) == 1


def test_lengths_that_were_asked_are_told_apart_whatever_was_measured() -> None:
    """In full if a short text stands for several."""
    cells = _cells((1e6, 1e5), (1e6 + 1, 1e5))
    assert name_lengths(cells).tolist() == ["100 us instead of 1ms", "100 us instead of 1000001ns"]


def test_lengths_that_are_not_known_are_those_that_were_asked() -> None:
    """Nothing measured, nothing asked, or no such column."""
    cells = _cells((1e6, None), (None, 5e5), (2e6, 2e6))
    assert lengths_of_tasks(cells).tolist() == pytest.approx([1e6, np.nan, 2e6], nan_ok=True)
    names = name_lengths(cells)
    assert names.dropna().tolist() == ["1 ms", "2 ms"]
    assert name_lengths(cells.drop(columns="task_measured_ns")).dropna().tolist() == ["1 ms", "2 ms"]
    assert not re.search("instead", " ".join(names.dropna()))


@pytest.mark.parametrize(
    ("rates", "title"),
    [
        ({"pipe": 1e9}, "pipe moves most: 1.00 GB/s at 1 MiB, at best 10% of memcpy"),
        (
            {"pipe": 1e9, "reference": 1e12},
            "reference moves most: 1.00 TB/s at 1 MiB, without a copy; of others at best pipe, 10% of memcpy",
        ),
        ({"reference": 1e12}, "reference moves most: 1.00 TB/s at 1 MiB, without a copy"),
    ],
)
def test_what_copies_nothing_is_not_measured_by_copies(rates: dict[str, float], title: str) -> None:
    """The title of the bandwidth says so, and how close the best of the others comes to the limit."""
    rate = pd.Series(rates.values(), dtype=float)
    name = bandwidth.MEASURE.column
    cells = pd.DataFrame(
        {"mechanism": list(rates), name: rate, f"{name}_low": rate, f"{name}_high": rate}
    ).assign(memcpy_bytes_per_s=1e10, along="payload", length=1 << 20, at="1 MiB", setting="")
    assert bandwidth._title(cells) == title


@pytest.mark.parametrize("measure", [latency.MEASURE, bandwidth.MEASURE], ids=["latency", "bandwidth"])
@pytest.mark.parametrize("along", ["payload", None])
@given(first=VALUES, second=VALUES, reach=HALVES)
def test_a_number_in_a_title_is_of_a_mechanism_that_it_names(
    measure: Measure, along: str | None, first: float, second: float, reach: float
) -> None:
    """Of two of which either may be best, the number is of one, which stands before it."""
    values = pd.Series([first, second])
    name = measure.column
    ends = {f"{name}_low": values * np.exp(-reach), f"{name}_high": values * np.exp(reach)}
    cells = pd.DataFrame({"mechanism": ["pipe", "queue"], name: values, **ends})
    title = describe_winner(
        cells.assign(along=along, length=64, at="64 B", setting="", payload_asked_bytes=64), measure
    )
    winners, _, said = title.partition(f" {measure.best}: ")
    best = "pipe" if (first <= second if measure.lowest_wins else first >= second) else "queue"
    value = f"{measure.write(first if best == 'pipe' else second)} at 64 B"
    assert said == (f"{best} {value}" if " or " in winners else value)
    assert winners.partition(" or ")[0] == best


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["process_pool/model.chunksize=", "task", "x" * 40, "1,024", "model.", "a:b_c", "thread"]
            ),
            st.integers(0, 10**6),
            st.sampled_from([" ", "/", ", ", "=", "-", " ms "]),
        ),
        max_size=6,
    ),
    st.integers(14, 45),
)
def test_no_number_is_broken(pieces: list[tuple[str, int, str]], characters: int) -> None:
    """However long the name that it ends; nothing is added and nothing lost."""
    label = "".join(f"{name}{number}{between}" for name, number, between in pieces)
    lines = _wrap(label, characters)
    assert "".join("".join(lines).split()) == "".join(label.split())
    assert all(len(line) <= characters for line in lines)
    end = 0
    for line in lines:
        begin = label.index(line, end)
        assert begin > end or not re.fullmatch(r"[\d,]\d", label[max(begin - 1, 0) : begin + 1])
        end = begin + len(line)


def test_a_chunk_size_stays_whole() -> None:
    """The label that broke within its number is one character longer than a line."""
    assert wrap_label("process_pool/model.chunksize=64") == "process_pool/\nmodel.chunksize=64"
