"""Where the rows of each run are: in a file of its own, or with others in a compacted one.

A compacted file tells in its footer (key ``breakeven_runs``) which runs it holds: a line for each row group, in which
``CELL:0=50,1=48`` are two rounds of a cell with so many rows, one after the other. A run that fills several row groups
stands in each of their lines. This module alone knows that text, and that a run may be in either place; a table's
folder is listed once, and no file of a single run is opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from breakeven.base.keys import Key
from breakeven.base.layout import SUFFIX, is_compacted, is_stored, stem

INDEX = "breakeven_runs"
"""The key in the footer of a compacted file."""


class NoIndex(Exception):
    """Raised when a compacted file does not tell which runs it holds; the message is the reason."""


@dataclass(frozen=True)
class TableFiles:
    """The files of one table: those of single runs by the name of the run, and the compacted ones.

    ``unread`` are the compacted ones that do not tell what they hold, with the reason.
    """

    folder: Path
    single: Mapping[str, Path]
    compacted: Mapping[Path, frozenset[str]]
    unread: Mapping[Path, str]

    @classmethod
    def of(cls, folder: Path) -> TableFiles:
        """List ``folder``, which need not exist; raise OSError."""
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries)
        except FileNotFoundError:
            names = []
        single = {name.removesuffix(SUFFIX): folder / name for name in names if is_stored(name)}
        held, unread = dict[Path, frozenset[str]](), dict[Path, str]()
        for path in (folder / name for name in names if is_compacted(name)):
            try:
                held[path] = frozenset(stem(*key) for group in read_index(path) for key, _ in group)
            except NoIndex as error:
                unread[path] = str(error)
        return cls(folder, single, held, unread)

    @cached_property
    def in_compacted(self) -> Mapping[str, Path]:
        """Return the compacted file of each run that is in one, by the name of the run."""
        return {name: path for path, names in self.compacted.items() for name in names}

    def __contains__(self, name: object) -> bool:
        """Return whether the run of that name has rows here."""
        return name in self.single or name in self.in_compacted

    def __iter__(self) -> Iterator[str]:
        """Yield the names of all runs that have rows here."""
        yield from {**self.single, **self.in_compacted}


def read_index(path: Path) -> list[list[tuple[Key, int]]]:
    """Return the runs in each row group of a compacted file, with the number of their rows.

    Raise NoIndex, or OSError if the file cannot be opened.
    """
    with path.open("rb") as opened:
        try:
            metadata = pq.read_metadata(opened)
            text = (metadata.metadata or {})[INDEX.encode()].decode()
            groups = [list(_runs(line)) for line in text.split("\n")]
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            raise NoIndex("its footer does not tell which runs it holds") from error
    told = [sum(rows for _, rows in group) for group in groups]
    if told != [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)]:
        raise NoIndex("its footer tells of other rows than it holds")
    return groups


def index_text(groups: Iterable[Sequence[tuple[Key, int]]]) -> str:
    """Return what `read_index` reads."""
    return "\n".join(" ".join(_cells(runs)) for runs in groups)


def _cells(runs: Iterable[tuple[Key, int]]) -> Iterator[str]:
    for cell_id, group in groupby(runs, key=lambda run: run[0][0]):
        yield f"{cell_id}:{','.join(f'{round_}={rows}' for (_, round_), rows in group)}"


def _runs(line: str) -> Iterator[tuple[Key, int]]:
    for cell in line.split():
        cell_id, _, rounds = cell.partition(":")
        for text in rounds.split(","):
            round_, _, rows = text.partition("=")
            yield (cell_id, int(round_)), int(rows)
