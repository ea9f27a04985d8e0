"""Files in a results folder that breakeven did not name: left out everywhere, and named in one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.comparing.command import main as compare
from breakeven.analysis.errors import ResultsDamaged
from breakeven.analysis.frames.load import load
from breakeven.analysis.show import main as show
from breakeven.base.layout import is_stored, stem
from breakeven.runner.status.command import main as status
from breakeven.runner.store import Sweep
from tests.analysis_samples import Sample

COPIES = (
    "{} (conflicted copy).parquet",
    "{} (Ada's conflicted copy 2026-01-11).parquet",
    "{}.sync-conflict-20260111-101112-ABCDEFG.parquet",
    "{} 2.parquet",
    "{}(1).parquet",
    "{}-1.parquet",
    "Copy of {}.parquet",
    "Kopie von {}.parquet",
    "{}.parquet~",
    "{}.parquet.crdownload",
    "{}.parquet.part",
    "#{}.parquet#",
    ".{}.parquet.swp",
    "._{}.parquet",
    ".DS_Store",
    "Thumbs.db",
)
"""What programs for synchronising, editors, browsers and file managers make; with the name of a run."""


@given(cell=st.text("0123456789abcdef", min_size=1, max_size=16), round_=st.integers(0, 10_000))
def test_a_stored_run_is_known_by_its_name(cell: str, round_: int) -> None:
    """However many rounds there are."""
    assert is_stored(f"{stem(cell, round_)}.parquet")


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_is_not_one(copy: str) -> None:
    """Whichever program made it."""
    assert not is_stored(copy.format(stem("0123456789abcdef", 0)))


def test_copies_are_no_rounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts are as without them; `show`, `compare` and `status` say in one line that they are left out."""
    sample = Sample(tmp_path / "outputs" / "mine")
    for workers in (1, 2):
        sample.add_map(workers=workers, speedup=1.5)
    for table in ("runs", "trials"):
        first = min((sample.path / table).iterdir())
        for copy in COPIES:
            shutil.copy(first, first.with_name(copy.format(first.stem)))
    lab = load(sample.path)
    assert (len(lab.runs), lab.trials.groupby("cell_id").size().nunique()) == (2, 1)
    assert len(Sweep(sample.path).stored().rows) == 2
    assert not Sweep(sample.path).stored().damaged
    Sweep(sample.path).tidy()
    total = 2 * len(COPIES)
    folder = str(sample.path)
    for command, words in (
        (show, [folder, "--no-figures"]),
        (status, [folder]),
        (compare, ["workers=1", "workers=2", "--in", folder]),
    ):
        command(words)
        said = " ".join(capsys.readouterr().out.split())
        assert said.count(f"left out {total} files that are not breakeven's: ") == 1
        assert f"and {total - 3} more" in said


def test_a_copy_under_the_name_of_another_run_is_refused(tmp_path: Path) -> None:
    """The analysis names it; the sweep, run again, moves it aside."""
    sample = Sample(tmp_path / "outputs" / "mine")
    cell = sample.add_map(speedup=1.5)
    copy = sample.sweep.file("runs", cell, 1)
    shutil.copy(sample.sweep.file("runs", cell, 0), copy)
    with pytest.raises(ResultsDamaged) as caught:
        load(sample.path)
    assert str(caught.value) == (
        f"{copy} holds a run that another file holds, too; run the sweep again, "
        "which moves files under a wrong name to aside/"
    )
    assert list(sample.sweep.stored().damaged) == [copy]
