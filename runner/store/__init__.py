"""The files of a sweep: Parquet that is either whole or absent.

A table's file is written under a temporary name, synced and renamed; the run's own row comes last and commits
the run: without it, the other tables' files of that run are leftovers of an interrupted write. The row also
holds the size and checksum of those files, and its own file carries a checksum of itself, so that a run
counts only if every byte of it is as it was written.
"""

from __future__ import annotations

from breakeven.runner.errors import NotStored
from breakeven.runner.store.appended import AppendedFile
from breakeven.runner.store.atomic import write_atomically
from breakeven.runner.store.compaction import Merged
from breakeven.runner.store.integrity import COLUMNS, Stored
from breakeven.runner.store.sweep import Sweep

__all__ = ["COLUMNS", "AppendedFile", "Merged", "NotStored", "Stored", "Sweep", "write_atomically"]
