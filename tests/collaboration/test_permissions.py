"""Files and folders that this user may not read are said to be that, and nobody is told to delete them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from breakeven.analysis.frames.load import load
from breakeven.base.errors import BadInput
from breakeven.base.results import other_folders
from breakeven.runner.status.state import Sight
from breakeven.runner.store import Sweep
from tests.analysis_samples import Sample

NOBODY = 65534


def _read_by_analysis(path: Path) -> object:
    lab = load(path)
    return lab.runs, lab.trials


READERS: dict[str, Callable[[Path], object]] = {
    "show": _read_by_analysis,
    "status": Sight.of,
    "run": lambda path: Sweep(path).stored(),
}
"""What each command reads first."""


@pytest.fixture
def results() -> Iterator[Path]:
    """Return a results folder that everybody may read; from then on this is a user whom permissions hold for."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    sample = Sample(folder / "outputs" / "mine")
    sample.add_map(speedup=1.5)
    for reads in READERS.values():
        reads(sample.path)  # and imports all that it needs
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    yield sample.path
    if root:
        os.seteuid(0)
    for path in (sample.path, *sample.path.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)


def _forbid(path: Path) -> None:
    """Forbid this user to read ``path``, as whoever owns it."""
    user = os.geteuid()
    os.seteuid(os.getuid())
    path.chmod(0)
    os.seteuid(user)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("what", ["runs/*.parquet", "trials/*.parquet", "runs", "."])
def test_it_says_permission(results: Path, reader: str, what: str) -> None:
    """Be it a file of either kind, the folder of a table or that of the sweep."""
    (path,) = [results] if what == "." else results.glob(what)
    _forbid(path)
    if (reader, what) == ("status", "trials/*.parquet"):  # it looks at names alone
        READERS[reader](results)
        return
    with pytest.raises(BadInput) as caught:
        READERS[reader](results)
    message = str(caught.value)
    assert message.startswith("cannot read ")
    assert ": Permission denied; make it readable" in message
    assert "\n" not in message
    assert not any(word in message for word in ("delete", "damaged", "aside"))


def test_a_neighbour_that_cannot_be_read_hinders_nobody(results: Path) -> None:
    """The message about a missing folder names the others, whatever they are."""
    _forbid(results)
    assert other_folders(results.parent).startswith("one of: ")
