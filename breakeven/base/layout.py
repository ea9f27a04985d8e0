"""Where everything of a sweep is stored: the one place that spells the paths and file names of a results folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

RUNS = "runs"
SUFFIX = ".parquet"
LATEST = "latest"
"""Name of the link, beside the results folders, to the one of the sweep that was started last."""

LATEST_SWEEP = f"outputs/{LATEST}"
"""Which results folder is read if none is named."""


@dataclass(frozen=True)
class SweepPaths:
    """The paths in the results folder ``path``, such as ``outputs/NAME``, and of the link beside it."""

    path: Path

    @property
    def description(self) -> Path:
        """Return the path of the overrides and the resolved configuration."""
        return self.path / "sweep.yaml"

    @property
    def figures(self) -> Path:
        """Return the folder of the figures."""
        return self.path / "figures"

    @property
    def events(self) -> Path:
        """Return the path of what happened, for programs: one JSON object a line."""
        return self.path / "events.jsonl"

    @property
    def log(self) -> Path:
        """Return the path of what happened, for people."""
        return self.path / "sweep.log"

    @property
    def writer(self) -> Path:
        """Return the path of the lock that says who writes the sweep; there is none when nobody does."""
        return self.path / ".writer"

    @property
    def aside(self) -> Path:
        """Return the folder of what no longer counts and is kept: damaged runs, and those measured again."""
        return self.path / "aside"

    @property
    def latest(self) -> Path:
        """Return the path of the link, beside the folder, to the latest sweep."""
        return self.path.parent / LATEST

    def table(self, name: str) -> Path:
        """Return the folder of table ``name``."""
        return self.path / name

    def file(self, table: str, cell_id: str, round_: int) -> Path:
        """Return the path of one run's part of ``table``."""
        return self.table(table) / f"{stem(cell_id, round_)}{SUFFIX}"

    def exists(self) -> bool:
        """Return whether this is a results folder: it has a folder for the table of runs."""
        return self.table(RUNS).is_dir()

    def stored_files(self, table: str) -> list[Path]:
        """Return the files of ``table`` in order; those that are being written, or are missing, are left out."""
        return sorted(path for path in self.table(table).glob(f"*{SUFFIX}") if is_stored(path.name))

    def holds_runs(self) -> bool:
        """Return whether any run is stored, by the names of files; True if they are hidden from this user."""
        try:
            with os.scandir(self.table(RUNS)) as entries:
                return any(is_stored(entry.name) for entry in entries)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # whoever reads the runs says why not
            return True


def stem(cell_id: str, round_: int) -> str:
    """Return the name that all files of a run share."""
    return f"{cell_id}-{round_:03d}"


def is_stored(name: str) -> bool:
    """Return whether a file of that name in a table's folder is a run's part; one being written begins with a dot."""
    return name.endswith(SUFFIX) and not name.startswith(".")


def sweeps_in(folder: Path) -> list[SweepPaths]:
    """Return the results folders in ``folder``, by name; a link such as `LATEST` is one as well."""
    return [SweepPaths(path) for path in sorted(folder.glob("*")) if SweepPaths(path).exists()]
