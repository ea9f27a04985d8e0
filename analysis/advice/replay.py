"""A race as it went, from the file that was written before it and from the runs that were stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from breakeven.analysis.errors import ResultsDamaged
from breakeven.analysis.frames.load import Lab
from breakeven.base.layout import SweepPaths
from breakeven.search.candidate import Candidate
from breakeven.search.race import Race, Rule, replayed

RACE = "race"


@dataclass(frozen=True)
class Raced:
    """A race after its runs; ``cells`` are the cell_ids of its candidates, None of the serial program, ``names`` what they were called."""

    race: Race
    cells: tuple[str | None, ...]
    names: tuple[str, ...]


def replay(lab: Lab) -> Raced | None:
    """Return the race of a sweep after all its runs; None if the sweep was none. Raise ResultsDamaged."""
    path = SweepPaths(lab.path).search
    written = read_search(lab)
    if written is None or written.get("search", RACE) != RACE:
        return None
    try:
        cells = tuple(one["cell_id"] for one in written["candidates"])
        names = tuple(str(one["name"]) for one in written["candidates"])
        race = Race(
            [_candidate(one) for one in written["candidates"]],
            int(written["cpus"]),
            Rule(float(written["regret"]), bool(written["structure"])),
            int(written["seed"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, error) from error
    return Raced(replayed(race, runs_of(lab, cells)), cells, names)


def read_search(lab: Lab) -> Mapping[str, Any] | None:
    """Return what was written before the first run of a search; None if the sweep was none. Raise ResultsDamaged."""
    path = SweepPaths(lab.path).search
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error
    if not isinstance(found, dict):
        raise _damaged(path, "it holds no object")
    return found


def _damaged(path: Path, error: object) -> ResultsDamaged:
    return ResultsDamaged(
        f"{path} cannot be read ({error}); run the race again, which writes it anew and carries on"
    )


def _candidate(written: Mapping[str, Any]) -> Candidate:
    return Candidate(
        kind=str(written["kind"]),
        workers=int(written["workers"]),
        chunk=None if written["chunk"] is None else int(written["chunk"]),
        most=float(written["most"]),
        serial=bool(written["serial"]),
    )


def runs_of(lab: Lab, cells: Sequence[str | None]) -> Iterator[tuple[int, float | None]]:
    """Yield the runs in the order they were made; without a speedup if one failed."""
    numbers = {cell_id: number for number, cell_id in enumerate(cells) if cell_id is not None}
    runs = lab.runs[lab.runs["cell_id"].isin(numbers)]
    for cell_id, status, speedup in zip(runs["cell_id"], runs["status"], runs["speedup"], strict=True):
        good = status == "ok" and speedup > 0
        yield numbers[cell_id], float(speedup) if good else None
