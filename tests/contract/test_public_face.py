"""`import breakeven`: the names that others may rely on."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

import breakeven


@pytest.mark.parametrize("name", breakeven.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """It is documented, and found again without a look at the table."""
    found = getattr(breakeven, name)
    assert vars(breakeven)[name] is found
    assert name == "__version__" or inspect.getdoc(found)


def test_the_names_are_listed() -> None:
    """In this order, for completion; nothing else is offered."""
    assert dir(breakeven) == sorted(breakeven.__all__)
    assert breakeven.__all__ == ["Lab", "__version__", "compare", "figures", "load", "read_events"]


def test_a_wrong_name_says_what_there_is() -> None:
    """As an AttributeError, which is what hasattr and others expect."""
    with pytest.raises(AttributeError) as wrong:
        _ = breakeven.laod  # type: ignore[attr-defined]
    assert str(wrong.value) == (
        "module 'breakeven' has no attribute 'laod'; it offers Lab, __version__, compare, figures, load, read_events"
    )
    assert not hasattr(breakeven, "runs")


def test_events_are_read_by_path_or_text(tmp_path: Path) -> None:
    """Either names the file."""
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps({"event": "note", "text": "x"}) + "\n")
    assert breakeven.read_events(file) == breakeven.read_events(str(file)) == [{"event": "note", "text": "x"}]
