"""A results folder as tidy frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import and_, or_
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from breakeven.analysis.errors import NoMatch, ResultsDamaged, ResultsEmpty, UnknownName
from breakeven.analysis.frames.adding import add_up
from breakeven.analysis.frames.asked import fill_asked
from breakeven.analysis.frames.estimates import estimate
from breakeven.analysis.frames.factors import tidy_cells
from breakeven.analysis.frames.files import (
    list_table,
    open_table,
    read_batches,
    read_part,
    read_table,
    read_whole,
    to_frame,
)
from breakeven.analysis.frames.hosts import models_of
from breakeven.analysis.frames.kinds import estimate_kinds
from breakeven.analysis.frames.observed import nothing, observe
from breakeven.base.errors import ResultsMissing, ResultsUnreadable
from breakeven.base.keys import Key
from breakeven.base.layout import LATEST_SWEEP, SweepPaths, stem
from breakeven.base.program import command
from breakeven.base.results import how_to_resume, no_folder, other_folders, planned_runs
from breakeven.base.schema import TABLES
from breakeven.base.table_files import TableFiles

T = TypeVar("T")


def load(path: str | Path = LATEST_SWEEP, *, mix_hosts: bool = False) -> Lab:
    """Open the results folder at ``path``; raise BadInput.

    Frames are read on first use, ``runs`` now. A link such as ``outputs/latest`` is followed once, so that a
    sweep started later changes nothing here. With ``mix_hosts`` times and rates are compared across unlike hosts.
    """
    return Lab.open(path, mix_hosts=mix_hosts)


@dataclass(frozen=True)
class Lab:
    """A sweep's results: the stored tables, one frame each, and the estimates from them.

    A run counts only if its row is in ``runs``; rows of other tables without it are leftovers of an
    interrupted write and are left out everywhere.
    """

    path: Path
    mix_hosts: bool = False

    @classmethod
    def open(cls, path: str | Path, *, mix_hosts: bool = False) -> Self:
        """Open the results folder at ``path``; otherwise as `load`."""
        given = Path(path)
        if not _is_folder(given):
            raise ResultsMissing(
                f"{no_folder(given)}; measure with `{command('run')}` first, or name {other_folders(given.parent)}"
            )
        if not SweepPaths(given).exists():
            raise ResultsEmpty(
                f"{given} holds no table of runs, so it is not a results folder; name {other_folders(given)}"
            )
        lab = cls(given.resolve(), mix_hosts)
        if lab.runs.empty:
            raise ResultsEmpty(
                f"{given} holds no finished run; {how_to_resume(lab.path)}, or name {other_folders(given.parent)}"
            )
        return lab

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per run, in the order in which they ran."""
        frame = fill_asked(to_frame(read_whole(self.path, "runs", TABLES["runs"].names)))
        if frame.duplicated(["cell_id", "round"]).any():
            raise self._misnamed(frame)
        return frame.sort_values("order", kind="stable", ignore_index=True)

    def _misnamed(self, runs: pd.DataFrame) -> ResultsDamaged:
        """Return the error for a file that has the name of another run than it holds, such as a renamed copy."""
        own = {stem(cell_id, round_) for cell_id, round_ in zip(runs["cell_id"], runs["round"], strict=True)}
        files = TableFiles.of(SweepPaths(self.path).table("runs"))
        strange = [
            path for name, path in files.single.items() if name not in own or name in files.in_compacted
        ]
        return ResultsDamaged(
            f"{strange[0] if strange else self.path} holds a run that another file holds, too; run the sweep again, "
            "which moves files under a wrong name to aside/"
        )

    @cached_property
    def unlike_hosts(self) -> list[str]:
        """The CPU models of its hosts if they differ and are not to be mixed: times and rates are then not compared."""
        models = models_of(self.runs)
        return models if len(models) > 1 and not self.mix_hosts else []

    @cached_property
    def planned(self) -> set[str]:
        """The runs that the last launch planned, as ``CELL-ROUND``; of a part of a sweep those of its cells."""
        return planned_runs(self.path)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row per timed repetition."""
        return to_frame(self.table("trials"))

    @cached_property
    def workers(self) -> pd.DataFrame:
        """One row per worker of a run, and one for its parent (worker -1)."""
        return to_frame(self.table("workers"))

    @cached_property
    def activity(self) -> pd.DataFrame:
        """Calls per worker and time bin; rows from the window pattern only."""
        return to_frame(self.table("activity"))

    @cached_property
    def observations(self) -> pd.DataFrame:
        """What patterns observed beside times, by trial and worker (-1 is all of them together)."""
        return to_frame(self.table("observations"))

    @cached_property
    def observed(self) -> pd.DataFrame:
        """One row per quantity that a cell's pattern observes, and kind of trial: ``value`` with its interval."""
        if self.observations.empty:  # in most sweeps, whose trials need not be read for it
            return nothing()
        return observe(self.runs, self.trials, self.observations)

    @cached_property
    def missing(self) -> pd.DataFrame:
        """Return one row per file of a stored run that was deleted: cell_id, round and table.

        The other tables lack those rows; the same sweep run again measures those runs again.
        """
        stored = {table: TableFiles.of(SweepPaths(self.path).table(table)) for table in TABLES}
        listed = self.runs[["cell_id", "round"]].assign(table=self.runs["parts"].fillna("").str.split("\n"))
        listed = listed.explode("table").assign(table=lambda rows: rows["table"].str.split(" ").str[0])
        listed = listed[listed["table"].isin(list(TABLES))]
        rows = zip(listed["cell_id"], listed["round"], listed["table"], strict=True)
        there = [stem(cell_id, round_) in stored[table] for cell_id, round_, table in rows]
        gone = ~np.array(there, dtype=bool)  # a list that is empty would select columns
        return listed[gone].reset_index(drop=True)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row per cell with its factors, ``status``, ``rounds`` and ``rounds_ok``."""
        return tidy_cells(self.runs)

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """One row per cell that has an ok run: its factors and estimates with 95 % intervals."""
        return estimate(self.cells, self.runs)

    @cached_property
    def kinds(self) -> pd.DataFrame:
        """One row per kind of the cells whose rounds fall into two kinds.

        A row has estimates, ``cause``, and ``of`` how many rounds.
        """
        return estimate_kinds(self.cells, self.runs, self.estimates)

    @cached_property
    def whole(self) -> Lab:
        """The results that these were narrowed from, or themselves."""
        return self

    def narrow(self, cells: Iterable[str]) -> Self:
        """Return the same results with only the runs of ``cells``: all frames are of these."""
        kept = set(_to_list(cells))
        narrowed = self.replace(runs=self.runs[self.runs["cell_id"].isin(kept)].reset_index(drop=True))
        vars(narrowed)["planned"] = {run for run in self.planned if run.rpartition("-")[0] in kept}
        return narrowed

    def replace(self, *, runs: pd.DataFrame, trials: pd.DataFrame | None = None) -> Self:
        """Return the same results with these ``runs``, and ``trials`` if given; all other frames follow from them."""
        replaced = type(self)(self.path, self.mix_hosts)
        vars(replaced).update(runs=runs, _narrowed=True, whole=self.whole, planned=self.planned)
        if trials is not None:
            vars(replaced)["trials"] = trials
        return replaced

    def once(self, compute: Callable[[Lab], T]) -> T:
        """Return ``compute(self)``, computed when it is first asked for: what another room derives from a sweep."""
        if compute not in self._derived:
            self._derived[compute] = compute(self)
        return cast("T", self._derived[compute])

    @cached_property
    def _derived(self) -> dict[Callable[[Lab], Any], Any]:
        return {}

    def spans(
        self,
        columns: Iterable[str] | None = None,
        cells: Iterable[str] | None = None,
        trials: Iterable[int] | None = None,
        workers: Iterable[int] | None = None,
    ) -> pd.DataFrame:
        """Read spans; only the named columns, cells, trials and workers leave the disk.

        Each may be any iterable, such as ``lab.cells.index[:1]``; a single string names one cell or column.
        Raise NoMatch for a cell that the sweep lacks and UnknownName for a column.
        """
        return to_frame(self.table("spans", columns, self._select(cells, trials, workers)))

    def table(
        self, table: str, columns: Iterable[str] | None = None, where: ds.Expression | None = None
    ) -> pa.Table:
        """Read ``table`` as Arrow, the rows of finished runs only; raise BadInput."""
        if where is not None or "_narrowed" in vars(self):
            return read_table(*self._scan(table, columns, where))
        chosen = self._columns(table, columns)
        whole = read_whole(self.path, table, list(dict.fromkeys([*chosen, "cell_id", "round"])))
        return whole.filter(self._finished).select(chosen)

    def batches(
        self, table: str, columns: Iterable[str], where: ds.Expression | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Read ``table`` piece by piece, in bounded memory; otherwise as `table`."""
        return read_batches(*self._scan(table, columns, where))

    def begin_to_add_up(self, table: str, by: Sequence[str], columns: Sequence[str]) -> None:
        """Begin in the background with sums that `add_up` will be asked for: Arrow adds up without the GIL."""
        pool = ThreadPoolExecutor(1)
        self._begun[table, *by, *columns] = pool.submit(self._add_up, table, by, columns)
        pool.shutdown(wait=False)

    def add_up(self, table: str, by: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """Return sums of ``columns`` over rows of ``table`` that are alike in ``by``; raise BadInput.

        Memory is bounded.

        Rows of runs that are not among ``runs`` may be among them.
        """
        begun = self._begun.pop((table, *by, *columns), None)
        return self._add_up(table, by, columns) if begun is None else begun.result()

    def _add_up(self, table: str, by: Sequence[str], columns: Sequence[str]) -> pa.Table:
        where = self._finished if "_narrowed" in vars(self) else None
        return add_up(self._open(table), by, columns, where)

    @cached_property
    def _begun(self) -> dict[tuple[str, ...], Future[pa.Table]]:
        return {}

    def batches_of(self, key: Key, table: str, columns: Iterable[str]) -> Iterator[pa.RecordBatch]:
        """Read a run's part of ``table`` piece by piece, and no other file; nothing if it has none."""
        if table not in self._listed:
            self._listed[table] = list_table(self.path, table)
        return read_part(self._listed[table], table, key, _to_list(columns))

    def describe(self, table: str) -> pd.DataFrame:
        """Return the columns of ``table`` with type and meaning, as stored beside the data."""
        fields = list(self._open(table).schema)
        meanings = [(field.metadata or {}).get(b"meaning", b"").decode() for field in fields]
        rows = [(field.name, str(field.type), text) for field, text in zip(fields, meanings, strict=True)]
        return pd.DataFrame(rows, columns=["column", "type", "meaning"]).set_index("column")

    def _open(self, table: str) -> ds.Dataset:
        if table not in TABLES:
            raise UnknownName(f"no table {table}; there are {', '.join(TABLES)}")
        if table not in self._opened:
            self._opened[table] = open_table(self.path, table)
        return self._opened[table]

    @cached_property
    def _listed(self) -> dict[str, TableFiles]:
        return {}

    @cached_property
    def _opened(self) -> dict[str, ds.Dataset]:
        return {}

    def _scan(
        self, table: str, columns: Iterable[str] | None, where: ds.Expression | None
    ) -> tuple[ds.Dataset, Sequence[str], ds.Expression]:
        chosen = self._columns(table, columns)
        return self._open(table), chosen, self._finished if where is None else self._finished & where

    def _columns(self, table: str, columns: Iterable[str] | None) -> Sequence[str]:
        if table not in TABLES:
            raise UnknownName(f"no table {table}; there are {', '.join(TABLES)}")
        known = TABLES[table].names
        chosen = known if columns is None else _to_list(columns)
        unknown = [name for name in chosen if name not in known]
        if unknown:
            raise UnknownName(
                f"no column {', '.join(unknown)} in table {table}; there are {', '.join(known)}"
            )
        return chosen

    @cached_property
    def _finished(self) -> ds.Expression:
        """Rows whose run is in ``runs``; rounds that have the same cells share one term."""
        alike: dict[frozenset[str], list[int]] = defaultdict(list)
        for number in self.runs["round"].unique().tolist():
            alike[frozenset(self.runs.loc[self.runs["round"].eq(number), "cell_id"])].append(number)
        terms = (
            ds.field("cell_id").isin(sorted(cells)) & ds.field("round").isin(rounds)
            for cells, rounds in alike.items()
        )
        return reduce(or_, terms)

    def _select(
        self, cells: Iterable[str] | None, trials: Iterable[int] | None, workers: Iterable[int] | None
    ) -> ds.Expression | None:
        given: dict[str, Iterable[Any] | None] = {"cell_id": cells, "trial": trials, "worker": workers}
        asked = {name: _to_list(values) for name, values in given.items() if values is not None}
        known = set(self.runs["cell_id"])
        unknown = sorted(set(asked.get("cell_id", ())) - known)
        if unknown:
            raise NoMatch(
                f"no cell {', '.join(unknown)} in {self.path}; see the index of lab.cells for its {len(known)}"
            )
        terms = [
            ds.field(name).isin(pa.array(values, TABLES["spans"].field(name).type))
            for name, values in asked.items()
        ]
        return reduce(and_, terms) if terms else None


def _is_folder(path: Path) -> bool:
    """Return whether there is a folder at ``path``; raise ResultsUnreadable if this user may not know."""
    try:
        return path.is_dir()
    except PermissionError as error:
        raise ResultsUnreadable.from_os_error(error, path) from error


def _to_list(values: Iterable[T]) -> list[T]:
    return [cast("T", values)] if isinstance(values, str) else list(values)
