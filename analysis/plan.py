"""Which runs a sweep's last launch planned, from ``sweep.yaml`` beside its tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from breakeven.base.layout import SweepPaths

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where libyaml is there


def read_plan(folder: Path) -> set[str]:
    """Give the planned runs as ``<cell_id>-<round>``; none where the file is absent, broken or names none."""
    try:
        stored = yaml.load(SweepPaths(folder).description.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506  # a safe one
        return set(stored["launches"][-1]["order"])
    except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError):
        return set()
