"""Runs as text: what an engine carries to another machine."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell.calibration import Calls
from breakeven.runner.planning.calibration import Calibration, Work
from breakeven.runner.planning.carried import NotARun, run_from_text, run_to_text
from breakeven.runner.planning.run import Later, Source
from tests.samples import run

SOURCE = Source(
    folder="/a/b",
    digest="0123",
    files=("/a/b/c.py",),
    hashes=("4567",),
    packages=("numpy 2.0",),
    commit=None,
    dirty=True,
    inputs=3,
    later=Later({"/a/b/d.py": "89ab"}),
)
CALIBRATION = Calibration(Work("spin", "{}", 1, 2, 3, None), 500, 1_000_000, "python3", calls=None)
OPTIONS = st.dictionaries(
    st.text(), st.none() | st.integers() | st.text() | st.lists(st.integers()), max_size=4
)


@pytest.mark.parametrize("source", [None, SOURCE], ids=["ours", "function"])
@pytest.mark.parametrize("calibration", [None, CALIBRATION], ids=["plain", "calibrated"])
@given(options=OPTIONS, variables=st.dictionaries(st.text(), st.none() | st.text(), max_size=3))
def test_a_run_arrives_as_it_was(
    source: Source | None, calibration: Calibration | None, options: dict[str, Any], variables: dict[str, Any]
) -> None:
    """Every field, with its type: the run that is measured is the one that was planned."""
    sent = replace(
        run(sys.executable, Path("/a/b"), workload_options=options, environment=variables),
        source=source,
        calibration=calibration,
        precision=0.1,
    )
    arrived = run_from_text(run_to_text(sent))
    assert arrived == sent
    assert (arrived.cell_id, type(arrived.path), type(arrived.overrides)) == (
        sent.cell_id,
        type(sent.path),
        tuple,
    )
    assert arrived.source is None or (source is not None and arrived.source.later == source.later)


def test_what_is_known_of_calls_arrives() -> None:
    """A calibration of a function holds what its calls showed."""
    calls = Calls(1, 2, 3, 4, 5, 0.5)
    sent = replace(run(sys.executable), calibration=CALIBRATION._replace(calls=calls))
    assert run_from_text(run_to_text(sent)).calibration == sent.calibration


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: plain.pop("cell"),
        lambda plain: plain.update(more=1),
        lambda plain: plain["cell"].pop("model"),
    ],
)
def test_a_run_of_another_version_is_refused(change: Any) -> None:
    """A field too many or too few, wherever it is."""
    plain = json.loads(run_to_text(run(sys.executable)))
    change(plain)
    with pytest.raises(
        NotARun, match=r"^it is no run of this version of breakeven: \w+ differs in (cell|more|model)$"
    ):
        run_from_text(json.dumps(plain))


@given(st.text())
def test_other_texts_are_refused(text: str) -> None:
    """Whatever arrives that was not sent."""
    with pytest.raises(NotARun):
        run_from_text(text)
