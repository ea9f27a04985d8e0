"""What to type next, for sweeps whose runs say little of what was typed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from breakeven.analysis.summary.next_command import suggest


@pytest.mark.parametrize("overrides", [None, "", "task", "model=thread"])
@pytest.mark.parametrize("status", ["ok", "failed", "crashed"])
@pytest.mark.parametrize("shown_now", [False, True])
def test_there_is_one_whatever_was_typed(
    tmp_path: Path, overrides: str | None, status: str, shown_now: bool
) -> None:
    """Nothing, what is no override, or one: a run's line of overrides may be missing in files of others."""
    runs = pd.DataFrame(
        {"cell_id": ["a"], "status": [status], "overrides": pd.Series([overrides], dtype="str")}
    )
    said = suggest(tmp_path, runs, covers_cell=False, shown_now=shown_now)
    assert said is not None
    assert said.split()[0].endswith("breakeven")
    assert ("show" in said.split()) == (status == "ok" and not shown_now)
