"""Which runs a sweep's last launch planned, from ``sweep.yaml`` beside its tables."""

from __future__ import annotations

from pathlib import Path

import yaml


def read_plan(folder: Path) -> set[str]:
    """Give the planned runs as ``<cell_id>-<round>``; none where the file is absent, broken or names none."""
    try:
        stored = yaml.safe_load((folder / "sweep.yaml").read_text(encoding="utf-8"))
        return set(stored["launches"][-1]["order"])
    except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError):
        return set()
