"""Read all runs of a sweep at once, and find those with damaged files."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from breakeven.base.conditions import CONDITIONS
from breakeven.base.keys import Key
from breakeven.base.layout import RUNS, SUFFIX, SweepPaths, is_compacted, stem
from breakeven.base.schema import TABLES
from breakeven.base.table_files import TableFiles
from breakeven.base.text import printable
from breakeven.runner.errors import OutputsUnreadable
from breakeven.runner.store.sealed import Damaged, check_file, crc_of, read_row, read_rows
from breakeven.runner.store.swapping import folder_at_rest

COLUMNS = (
    *("cell_id", "round", "order", "status", "reason", "wall_ns", "seed", *CONDITIONS),
    *("breakeven_version", "workload", "function", "model", "ipc", "pattern", "workers"),
    *("payload_bytes", "payload_out_bytes", "task_ns", "tasks", "task_calibrated_ns", "executable"),
    *("speedup", "latency_p50_ns", "source", "order"),
)
"""The columns of ``runs`` that identify a run, its conditions and its ending, and by which its cell is decided."""

MISSING = "it is missing"
_PARTS = "parts"
_READERS = 4
_LOOKS = 10


@dataclass(frozen=True)
class Stored:
    """The runs of a sweep: the rows of the intact ones, and the damaged files with the reason.

    A file that was deleted counts as damaged. A run with a damaged file is not among ``rows``. A row has the columns
    `COLUMNS`; those that an older sweep lacks are None. ``parts`` describes the files that each run had of its own when
    it was stored, by table; those of an older sweep are not known.
    """

    rows: Mapping[Key, dict[str, Any]]
    damaged: Mapping[Path, str]
    parts: Mapping[Key, Mapping[str, Part]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def missing(self) -> tuple[Path, ...]:
        """Return the files of stored runs that were deleted."""
        return tuple(path for path, why in self.damaged.items() if why == MISSING)


@dataclass(frozen=True)
class Part:
    """One of a run's files in another table, as recorded in the run's row: its size and CRC-32."""

    table: str
    size: int
    crc: int

    @classmethod
    def of(cls, table: str, data: bytes) -> Part:
        """Describe ``data``, one run's part of ``table``."""
        return cls(table, len(data), zlib.crc32(data))

    @classmethod
    def read(cls, line: str) -> Part:
        """Parse the output of `__str__`; raise Damaged."""
        try:
            table, size, crc = line.split(" ")
            return cls(table, int(size), int(crc, 16))
        except ValueError as error:
            raise Damaged(f"it describes a file as {printable(line)}") from error

    def __str__(self) -> str:
        return f"{self.table} {self.size} {self.crc:08x}"


def list_tables(paths: SweepPaths) -> dict[str, TableFiles]:
    """Return the files of each table; raise OutputsUnreadable.

    Folders that are exchanged meanwhile (`swapping`) are listed again, so that all that is returned was there at one
    moment.
    """
    for _ in range(_LOOKS):
        before = _identities(paths)
        try:
            files = {table: TableFiles.of(paths.table(table)) for table in TABLES}
        except FileNotFoundError:  # a compacted file, with its folder
            continue
        except OSError as error:
            raise OutputsUnreadable.from_os_error(error) from error
        if _identities(paths) == before:
            break
    return files


def _identities(paths: SweepPaths) -> list[int | None]:
    found: list[int | None] = []
    for table in TABLES:
        try:
            found.append(paths.table(table).stat().st_ino)
        except OSError:  # listing it reports why
            found.append(None)
    return found


def read_stored(path: Path, *, check_parts: bool) -> Stored:
    """Read the rows of all runs in the results folder ``path``; raise OutputsUnreadable.

    A sweep may be under way there: what looks damaged is judged again while nothing is written.
    """
    stored = _read_all(SweepPaths(path), check_parts)
    if not stored.damaged:
        return stored
    with folder_at_rest(path):
        return _judged_again(SweepPaths(path), stored, check_parts)


def _read_all(paths: SweepPaths, check_parts: bool) -> Stored:
    for _ in range(_LOOKS):
        files, before = list_tables(paths), _identities(paths)
        stored = _read_listed(files, check_parts)
        if _identities(paths) == before:
            break
    return stored


def _judged_again(paths: SweepPaths, stored: Stored, check_parts: bool) -> Stored:
    """Return what is ``stored``, the runs that have damaged files of their own as they are now.

    Files of a run may be replaced after it was listed, and before its checksums were compared.
    """
    files = list_tables(paths)
    compacted = {path: why for path, why in stored.damaged.items() if is_compacted(path.name)}
    names = {path.stem for path in stored.damaged if path not in compacted} - set(files[RUNS].in_compacted)
    doubled = {path: why for listed in files.values() for path, why in _doubled(listed) if path.stem in names}
    files = {table: _without(listed, doubled) for table, listed in files.items()}
    others = {table: listed for table, listed in files.items() if table != RUNS}
    judge = _Judge(others, check_parts)
    judged = [judge.file(path) for name, path in files[RUNS].single.items() if name in names]
    lost = {table: _lost(listed, compacted) for table, listed in others.items()}
    again = _summed(judged, doubled, lost)
    damaged = {path: why for path, why in stored.damaged.items() if path.stem not in names}
    rows = {key: row for key, row in stored.rows.items() if stem(*key) not in names}
    parts = {key: each for key, each in stored.parts.items() if stem(*key) not in names}
    return Stored(
        rows | dict(again.rows),
        dict(sorted((damaged | dict(again.damaged)).items())),
        parts | dict(again.parts),
    )


def _read_listed(files: Mapping[str, TableFiles], check_parts: bool) -> Stored:
    doubled = {path: why for listed in files.values() for path, why in _doubled(listed)}
    files = {table: _without(listed, doubled) for table, listed in files.items()}
    others = {table: listed for table, listed in files.items() if table != RUNS}
    judge = _Judge(others, check_parts)
    with ThreadPoolExecutor(_READERS) as pool:
        broken = dict(_broken(files, pool, check_parts))
        intact = [path for path in files[RUNS].compacted if path not in broken]
        several = list(pool.map(_read_several, intact))
        broken |= {path: why for path, (_, why) in zip(intact, several, strict=True) if why}
        lost = {table: _lost(listed, broken) for table, listed in others.items()}
        judged = [*pool.map(judge.file, files[RUNS].single.values())]
    for rows, _ in several:
        judged += map(judge.row, rows)
    return _summed(judged, broken | doubled, lost)


def _doubled(listed: TableFiles) -> Iterator[tuple[Path, str]]:
    """Yield the files of single runs that a compacted one holds, too.

    A program that synchronises folders may have brought them back.
    """
    for name, path in listed.single.items():
        if name in listed.in_compacted:
            yield path, f"{listed.in_compacted[name].name} holds that run, too"


def _without(listed: TableFiles, paths: Mapping[Path, str]) -> TableFiles:
    return replace(listed, single={name: path for name, path in listed.single.items() if path not in paths})


def _broken(
    files: Mapping[str, TableFiles], pool: ThreadPoolExecutor, check: bool
) -> Iterator[tuple[Path, str]]:
    """Yield the compacted files that are damaged, with the reason; without ``check`` only their footers are read."""
    for listed in files.values():
        yield from listed.unread.items()
    paths = [path for listed in files.values() for path in listed.compacted] if check else []
    yield from ((path, why) for path, why in zip(paths, pool.map(_why_broken, paths), strict=True) if why)


def _lost(listed: TableFiles, broken: Mapping[Path, str]) -> frozenset[str]:
    """Return the runs whose rows of a table are in a damaged file with others."""
    return frozenset(name for path, names in listed.compacted.items() if path in broken for name in names)


@dataclass(frozen=True)
class _Judged:
    """A run: its row, the files it had, and its damaged files with the reasons.

    There is no row if it is not to be believed.
    """

    row: dict[str, Any] | None
    parts: Mapping[str, Part] | None = None
    damaged: Mapping[Path, str] = field(default_factory=dict)


def _summed(judged: list[_Judged], damaged: Mapping[Path, str], lost: Mapping[str, frozenset[str]]) -> Stored:
    rows, parts, every = dict[Key, dict[str, Any]](), dict[Key, Mapping[str, Part]](), dict(damaged)
    for one in judged:
        every |= one.damaged
        if one.row is None:
            continue
        key = one.row["cell_id"], one.row["round"]
        if not any(stem(*key) in names for names in lost.values()):
            rows[key] = one.row
            if one.parts is not None:
                parts[key] = one.parts
    return Stored(rows, dict(sorted(every.items())), parts)


@dataclass(frozen=True)
class _Judge:
    """Says of each run whether it is to be believed."""

    others: Mapping[str, TableFiles]
    check_parts: bool

    def file(self, file: Path) -> _Judged:
        """Judge the run in a file of its own."""
        try:
            row = _read(file)
            return _Judged(None) if row is None else self.row(row)
        except Damaged as error:
            return _Judged(None, None, {file: str(error)})

    def row(self, row: dict[str, Any]) -> _Judged:
        """Judge a run by its row, which is intact; raise Damaged."""
        listed = _parts(row)
        del row[_PARTS]
        if listed is None:
            return _Judged(row)
        name = stem(row["cell_id"], row["round"])
        damaged = dict(self._damaged(name, listed))
        return _Judged(None if damaged else row, listed, damaged)

    def _damaged(self, name: str, listed: Mapping[str, Part]) -> Iterator[tuple[Path, str]]:
        for table, files in self.others.items():
            file = files.single.get(name)
            if table not in listed:
                if file is not None and self.check_parts:
                    yield file, "its run does not list it: it is left over from an interrupted write"
            elif file is not None:
                why = (_why_not if self.check_parts else _why_no_size)(file, listed[table])
                if why:
                    yield file, why
            elif name not in files.in_compacted:
                yield from (
                    files.unread.items() if files.unread else [(files.folder / f"{name}{SUFFIX}", MISSING)]
                )


def _read_several(file: Path) -> tuple[list[dict[str, Any]], str | None]:
    """Return the rows in a compacted file of ``runs``, or why they cannot be believed."""
    try:
        with file.open("rb") as opened:
            rows = read_rows(opened, (*COLUMNS, _PARTS))
        for row in rows:
            _check_key(row)
            _parts(row)
    except Damaged as error:
        return [], str(error)
    except FileNotFoundError:
        return [], None
    except OSError as error:
        raise OutputsUnreadable.from_os_error(error) from error
    return rows, None


def _why_broken(file: Path) -> str | None:
    """Return why a compacted file is not what was written, None if it is, or if it was removed meanwhile."""
    try:
        with file.open("rb") as opened:
            check_file(opened)
    except FileNotFoundError:
        return None
    except Damaged as error:
        return str(error)
    except PermissionError as error:
        raise OutputsUnreadable.from_os_error(error) from error
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    return None


def _read(file: Path) -> dict[str, Any] | None:
    """Return the row that ``file`` holds, None if the file was removed meanwhile.

    Raise Damaged, or OutputsUnreadable if this user may not open it.
    """
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise Damaged("it is not a regular file")
        row = read_row(file.read_bytes(), (*COLUMNS, _PARTS))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise OutputsUnreadable.from_os_error(error) from error
    except OSError as error:
        raise Damaged(f"it cannot be read: {error.strerror}") from error
    _check_key(row)
    name = stem(row["cell_id"], row["round"])
    if file.stem != name:
        raise Damaged(f"it holds the run {printable(name)}")
    return row


def _check_key(row: Mapping[str, Any]) -> None:
    if None in (row["cell_id"], row["round"], row["status"]):
        raise Damaged("it lacks the cell, the round or the status")


def _parts(row: Mapping[str, Any]) -> dict[str, Part] | None:
    """Return the files that a run had of its own, by table; None in a sweep older than that column; raise Damaged."""
    text = row[_PARTS]
    return None if text is None else {part.table: part for part in map(Part.read, text.splitlines())}


def _why_no_size(file: Path, listed: Part) -> str | None:
    """Return why ``file`` is not as long as what was written, None if it is, or if it was removed meanwhile."""
    try:
        return _other_size(file.stat(), listed)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputsUnreadable.from_os_error(error) from error


def _other_size(found: os.stat_result, listed: Part) -> str | None:
    return None if found.st_size == listed.size else f"it has {found.st_size} bytes instead of {listed.size}"


def _why_not(file: Path, listed: Part) -> str | None:
    """Return why ``file`` is not what was written, None if it is."""
    try:
        with file.open("rb") as opened:
            why = _other_size(os.fstat(opened.fileno()), listed)
            if why:
                return why
            return None if crc_of(opened) == listed.crc else "its bytes do not match their checksum"
    except FileNotFoundError:
        return MISSING
    except PermissionError as error:
        raise OutputsUnreadable.from_os_error(error) from error
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
