"""A results folder from outside: which runs were planned, and which other folders there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from breakeven.base.text import shown

DESCRIPTION = "sweep.yaml"
"""File name of the overrides and the resolved configuration of each launch."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where libyaml is there
_NAMED = 8


def planned_runs(folder: Path) -> set[str]:
    """Return the runs of the last launch as ``<cell_id>-<round>``; none if the file is absent, broken or names none."""
    try:
        stored = yaml.load((folder / DESCRIPTION).read_bytes(), Loader=_LOADER)  # noqa: S506  # a safe one
        return {str(run) for run in stored["launches"][-1]["order"]}
    except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError):
        return set()


def other_folders(folder: Path, *, empty: bool = False) -> str:
    """Name the results folders in ``folder``, the last eight, as the end of a message.

    Those without a stored run are left out, but if ``empty`` ones will do.
    """
    tables = [path for path in folder.glob("*/runs") if empty or any(path.glob("[!.]*.parquet"))]
    found = sorted(shown(path.parent) for path in tables)
    return (
        f"one of: {', '.join(found[-_NAMED:])}"
        if found
        else f"another folder (there is none in {shown(folder)})"
    )
