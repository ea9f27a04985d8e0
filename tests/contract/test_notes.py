"""Notes on runs: what is written is read back, and merged notes hold for each of those that they stand for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.notes import FORMS, Note, merge, read, write

_NUMBERS = st.integers(0, 10**12)
_FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "task": dict.fromkeys(("asked", "steps", "step", "enough"), _NUMBERS),
    "affinity": {"affinity": st.sampled_from(("compact", "scatter"))},
    "gil": {},
    "warm-up": {"pairs": _NUMBERS},
    "trace": {"merged": _NUMBERS},
    **{
        kind: {"target": st.sampled_from(("a:b", "m2:f3"))} for kind in ("input", "arguments", "shared input")
    },
    "cache": {"target": st.sampled_from(("a:b", "m2:f3")), "first": _NUMBERS, "later": _NUMBERS},
    "cached": {"target": st.sampled_from(("a:b", "m2:f3")), "first": _NUMBERS, "later": _NUMBERS},
    "window": dict.fromkeys(("asked", "calls", "least", "enough"), _NUMBERS),
    "calibrations": {
        **dict.fromkeys(("asked", "tries", "low", "high"), _NUMBERS),
        "workload": st.just("spin"),
        "agreement": st.just("2%"),
    },
    "calibrated": {"asked": _NUMBERS, "reached": _NUMBERS, "workload": st.just("spin")},
}
_NOTES = st.sampled_from(sorted(FORMS)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.fixed_dictionaries(_FIELDS[kind]))
)


@given(_NOTES)
def test_a_note_is_read_as_it_was_written(note: tuple[str, dict[str, Any]]) -> None:
    """Kind and values, for every form that there is."""
    kind, values = note
    assert read(write(kind, **values)) == Note(kind, values)


@given(_NOTES)
def test_equal_notes_merge_to_the_note_itself(note: tuple[str, dict[str, Any]]) -> None:
    """Word for word, however often."""
    kind, values = note
    assert merge([Note(kind, values)] * 3) == write(kind, **values)


@given(st.text())
def test_other_lines_are_no_notes(text: str) -> None:
    """Whatever the line."""
    assert read(text) is None


@pytest.mark.parametrize(
    ("kind", "values", "merged"),
    [
        (
            "task",
            [{"asked": 1000, "steps": 100, "step": 40, "enough": 4000}, {"asked": 3000, "steps": 100, "step": 50, "enough": 5000}],
            (
                "task=1us to 3us: shorter than 100 steps of this machine's clock (40 to 50 ns each), so one task cannot be "
                "timed to 1 %; ask for 5us or more"
            ),
        ),
        (
            "input",
            [{"target": "photos:resize2"}, {"target": "photos:resize10"}, {"target": "photos:resize2"}],
            (
                "inputs: photos:resize2, photos:resize10 changes its input in place, so every task gets a fresh copy, made "
                "before the clock starts"
            ),
        ),
        (
            "window",
            [{"asked": 10**8, "calls": calls, "least": 20, "enough": 10**9 // calls} for calls in (1, 3, 2)],
            (
                "window=100ms: holds only 1 call to 3 calls of a worker, each timed to its end; for 20 or more ask for "
                "window=1s"
            ),
        ),
    ],
)  # fmt: skip
def test_numbers_merge_to_their_range_and_names_to_a_list(
    kind: str, values: list[dict[str, Any]], merged: str
) -> None:
    """Digits in a name are no number; an advice is one that helps all of them."""
    assert merge(Note(kind, each) for each in values) == merged
