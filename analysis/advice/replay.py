"""A race as it went, from the file that was written before it and from the runs that were stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from breakeven.analysis.errors import ResultsDamaged
from breakeven.analysis.frames.load import Lab
from breakeven.base.layout import SweepPaths
from breakeven.search.candidate import Candidate
from breakeven.search.race import Race, Rule, replayed


@dataclass(frozen=True)
class Raced:
    """A race after its runs; ``cells`` are the cell_ids of its candidates, None of the serial program, ``names`` what they were called."""

    race: Race
    cells: tuple[str | None, ...]
    names: tuple[str, ...]


def replay(lab: Lab) -> Raced | None:
    """Return the race of a sweep after all its runs; None if the sweep was none. Raise ResultsDamaged."""
    path = SweepPaths(lab.path).search
    if not path.exists():
        return None
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        cells = tuple(one["cell_id"] for one in written["candidates"])
        names = tuple(str(one["name"]) for one in written["candidates"])
        race = Race(
            [_candidate(one) for one in written["candidates"]],
            int(written["cpus"]),
            Rule(float(written["regret"]), bool(written["structure"])),
            int(written["seed"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ResultsDamaged(
            f"{path} cannot be read ({error}); run the race again, which writes it anew and carries on"
        ) from error
    return Raced(replayed(race, _runs(lab, cells)), cells, names)


def _candidate(written: Mapping[str, Any]) -> Candidate:
    return Candidate(
        kind=str(written["kind"]),
        workers=int(written["workers"]),
        chunk=None if written["chunk"] is None else int(written["chunk"]),
        most=float(written["most"]),
        serial=bool(written["serial"]),
    )


def _runs(lab: Lab, cells: tuple[str | None, ...]) -> Iterator[tuple[int, float | None]]:
    """Yield the runs in the order they were made; without a speedup if one failed."""
    numbers = {cell_id: number for number, cell_id in enumerate(cells) if cell_id is not None}
    runs = lab.runs[lab.runs["cell_id"].isin(numbers)]
    for cell_id, status, speedup in zip(runs["cell_id"], runs["status"], runs["speedup"], strict=True):
        good = status == "ok" and speedup > 0
        yield numbers[cell_id], float(speedup) if good else None
