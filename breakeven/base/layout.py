"""The layout of a results folder: the only module that spells its paths and file names."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

RUNS = "runs"
SUFFIX = ".parquet"
PART = ".part"
"""The suffix of files that are being written; their names begin with a dot, so that readers skip them."""

_STEM = r"\w+-(?:\d{3}|[1-9]\d{3,})"
_STORED = re.compile(rf"{_STEM}{re.escape(SUFFIX)}", re.ASCII)
_COMPACTED = "compacted."
_IS_COMPACTED = re.compile(rf"{re.escape(_COMPACTED)}{_STEM}{re.escape(SUFFIX)}", re.ASCII)
LATEST = "latest"
"""Name of the link, beside the results folders, to the one that was started last."""

OUTPUTS = "outputs"
"""The folder of results folders where nothing else is chosen."""

LATEST_SWEEP = f"{OUTPUTS}/{LATEST}"
"""The results folder that is read if none is given."""


@dataclass(frozen=True)
class SweepPaths:
    """The paths in the results folder ``path``, such as ``outputs/NAME``, and of the link beside it."""

    path: Path

    @property
    def description(self) -> Path:
        """Return the path of the file with the overrides and the resolved configuration."""
        return self.path / "sweep.yaml"

    @property
    def calibration(self) -> Path:
        """Return the path of the file with the amounts of work that tasks do."""
        return self.path / "calibration.json"

    @property
    def search(self) -> Path:
        """Return the path of the file with the rule of a race or a bisection.

        It has the candidates or lines, and is written before the first run.
        """
        return self.path / "search.json"

    @property
    def advice(self) -> Path:
        """Return the path of the file with what follows from a race."""
        return self.path / "advice.json"

    @property
    def advice_table(self) -> Path:
        """Return the path of the table of a race's candidates."""
        return self.path / "advice.parquet"

    @property
    def crossings(self) -> Path:
        """Return the path of the file with what follows from a bisection."""
        return self.path / "crossings.json"

    @property
    def crossings_table(self) -> Path:
        """Return the path of the table of a bisection's lines."""
        return self.path / "crossings.parquet"

    @property
    def claims(self) -> Path:
        """Return the path of the file with what a sweep says of the claims."""
        return self.path / "claims.json"

    @property
    def claims_page(self) -> Path:
        """Return the path of the same as Markdown."""
        return self.path / "claims.md"

    @property
    def figures(self) -> Path:
        """Return the folder of the figures."""
        return self.path / "figures"

    @property
    def report(self) -> Path:
        """Return the path of the page about the sweep."""
        return self.path / "report.html"

    @property
    def traces(self) -> Path:
        """Return the folder of what viewers of traces open."""
        return self.path / "traces"

    @property
    def verdicts(self) -> Path:
        """Return the path of the file with what follows from the sweep."""
        return self.path / "verdicts.json"

    @property
    def events(self) -> Path:
        """Return the path of the events for programs: one JSON object per line."""
        return self.path / "events.jsonl"

    @property
    def log(self) -> Path:
        """Return the path of the log for people."""
        return self.path / "sweep.log"

    @property
    def writer(self) -> Path:
        """Return the path of the writer's lock, which exists only while the sweep is being written."""
        return self.path / ".writer"

    @property
    def compactor(self) -> Path:
        """Return the path of the lock for merging finished runs, which exists only while somebody does so."""
        return self.path / ".compactor"

    @property
    def staging(self) -> Path:
        """Return the folder in which folders of tables are made that take the place of others.

        What is left in it is of no use.
        """
        return self.path / ".staging"

    @property
    def aside(self) -> Path:
        """Return the folder for files that no longer count but are kept: damaged runs and rerun ones."""
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
        """Return whether this is a results folder, that is, has a folder for the table of runs.

        True if this user may not know: reading it will report that.
        """
        try:
            return stat.S_ISDIR(self.table(RUNS).stat().st_mode)
        except PermissionError:
            return True
        except OSError:
            return False

    def stored_files(self, table: str) -> list[Path]:
        """Return the files of ``table`` in order, without those that are being written; raise OSError.

        There are none if there is no folder.
        """
        folder = self.table(table)
        try:
            return [folder / name for name in sorted(os.listdir(folder)) if is_table_file(name)]  # noqa: PTH208  # as bare names
        except FileNotFoundError:
            return []

    def strangers(self, tables: Iterable[str]) -> list[Path]:
        """Return what lies in the folders of ``tables`` and was not put there by breakeven, in order."""
        found: list[Path] = []
        for folder in map(self.table, tables):
            with suppress(OSError), os.scandir(folder) as entries:  # reading the runs reports why not
                names = sorted(entry.name for entry in entries)
                found += [folder / name for name in names if not (is_table_file(name) or is_part(name))]
        return found

    def holds_runs(self) -> bool:
        """Return whether any run is stored, judging by file names; True if this user may not list them."""
        try:
            with os.scandir(self.table(RUNS)) as entries:
                return any(is_table_file(entry.name) for entry in entries)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # reading the runs will report why not
            return True


def stem(cell_id: str, round_: int) -> str:
    """Return the name that all files of a run share."""
    return f"{cell_id}-{round_:03d}"


def compacted(first: str) -> str:
    """Return the name of a file that holds several runs, the ``first`` of which has that `stem`."""
    return f"{_COMPACTED}{first}{SUFFIX}"


def is_compacted(name: str) -> bool:
    """Return whether ``name`` in a table's folder is that of a file with several runs, as `compacted` names it."""
    return _IS_COMPACTED.fullmatch(name) is not None


def is_table_file(name: str) -> bool:
    """Return whether ``name`` in a table's folder is that of a file with rows of the table."""
    return is_stored(name) or is_compacted(name)


def is_stored(name: str) -> bool:
    """Return whether ``name`` in a table's folder is that of the file of one run, as `stem` names it.

    Others are left out: copies that a program for synchronising or an editor made, downloads that are not finished.
    """
    return _STORED.fullmatch(name) is not None


def is_part(name: str) -> bool:
    """Return whether ``name`` is that of a partly written file."""
    return name.startswith(".") and name.endswith(PART)


def sweeps_in(folder: Path) -> list[SweepPaths]:
    """Return the results folders in ``folder``, by name, links such as `LATEST` included."""
    return [SweepPaths(path) for path in sorted(folder.glob("*")) if SweepPaths(path).exists()]
