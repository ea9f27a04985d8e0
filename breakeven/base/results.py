"""A results folder from outside: which runs were planned, and which other folders there are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from breakeven.base.text import shown

DESCRIPTION = "sweep.yaml"
"""File name of the overrides and the resolved configuration of each launch."""

RUNS = "runs"
"""Folder of the table with one row a run: without it a folder holds no results."""

SUFFIX = ".parquet"

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where libyaml is there
_NAMED = 8


def planned_runs(folder: Path) -> set[str]:
    """Return the runs of the last launch as ``<cell_id>-<round>``; none if the file is absent, broken or names none."""
    try:
        stored = yaml.load((folder / DESCRIPTION).read_bytes(), Loader=_LOADER)  # noqa: S506  # a safe one
        return {str(run) for run in stored["launches"][-1]["order"]}
    except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError):
        return set()


def holds_runs(folder: Path) -> bool:
    """Return whether any run is stored in the results folder ``folder``, by its files' names; True if they are hidden."""
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


def other_folders(folder: Path, *, empty: bool = False) -> str:
    """Name the results folders in ``folder``, the last eight, as the end of a message.

    Those without a stored run are left out, but if ``empty`` ones will do.
    """
    tables = [path for path in folder.glob("*/runs") if empty or holds_runs(path.parent)]
    found = sorted(shown(path.parent) for path in tables)
    return (
        f"one of: {', '.join(found[-_NAMED:])}"
        if found
        else f"another folder (there is none in {shown(folder)})"
    )
