"""Whether a results folder holds runs, by the names of its files alone: no reader of Parquet is loaded for that."""

from __future__ import annotations

import os
from pathlib import Path

RUNS = "runs"
SUFFIX = ".parquet"


def holds_runs(folder: Path) -> bool:
    """Return whether any run is stored in the results folder ``folder``; True if that cannot be seen."""
    try:
        with os.scandir(folder / RUNS) as entries:
            return any(is_stored(entry.name) for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # whoever reads the runs says why not
        return True


def is_stored(name: str) -> bool:
    """Return whether a file of that name is a part of a table, and not one that is being written."""
    return name.endswith(SUFFIX) and not name.startswith(".")
