"""A race as it went, from the file that was written before it and from the runs that were stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import pandas as pd

from breakeven.analysis.advice.snippet import Given
from breakeven.analysis.errors import ResultsDamaged
from breakeven.analysis.frames.load import Lab
from breakeven.base.json_text import with_floats
from breakeven.base.layout import SweepPaths
from breakeven.base.text import shown, what_happened
from breakeven.search.candidate import Candidate
from breakeven.search.race import Race, Rule, replayed

RACE = "race"


@dataclass(frozen=True)
class Entrant:
    """What is known of a candidate besides how it stands.

    ``cell_id`` is None for the serial program. ``refused`` says why the candidate could not be measured, empty if it
    could; ``failures`` why its runs failed, a text for each of those. ``backend`` is that of joblib, empty for other
    models.
    """

    cell_id: str | None
    name: str
    refused: str
    backend: str
    failures: tuple[str, ...]


@dataclass(frozen=True)
class Replayed:
    """A race after its runs, and its candidates in the same order.

    ``given`` is how the user's function was called, None if that was not written.
    """

    race: Race
    entrants: tuple[Entrant, ...]
    given: Given | None


def replay(lab: Lab) -> Replayed | None:
    """Return the race of a sweep after all its runs; None if the sweep was none. Raise ResultsDamaged."""
    written = read_search(lab)
    if written is None or written.get("search", RACE) != RACE:
        return None
    failures = _failures(lab)
    try:
        entrants = tuple(_entrant(one, failures) for one in written["candidates"])
        race = Race(
            [_candidate(one) for one in written["candidates"]],
            int(written["cpus"]),
            Rule(float(written["regret"]), bool(written["structure"])),
            int(written["seed"]),
        )
        given = _given(written.get("call"))
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(lab, error) from error
    for number, entrant in enumerate(entrants):
        if entrant.refused:
            race.fail(number)
    made = runs_of(lab, [entrant.cell_id for entrant in entrants])
    return Replayed(replayed(race, made), entrants, given)


def _entrant(written: Mapping[str, Any], failures: Mapping[str, list[str]]) -> Entrant:
    cell_id = written["cell_id"]
    return Entrant(
        cell_id,
        str(written["name"]),
        refused=str(written.get("refused", "")),
        backend=str(written.get("backend", "")),
        failures=tuple(failures.get(cell_id, ())),
    )


def read_search(lab: Lab) -> Mapping[str, Any] | None:
    """Return what was written before the first run of a search; None if the sweep was none. Raise ResultsDamaged."""
    path = SweepPaths(lab.path).search
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(lab, error) from error
    if not isinstance(found, dict):
        raise damaged(lab, "it holds no object")
    return found


def damaged(lab: Lab, error: object) -> ResultsDamaged:
    """Return the error of a search's file that cannot be read.

    A race or a bisection is then no longer recognised.
    """
    path = SweepPaths(lab.path).search
    return ResultsDamaged(
        f"{shown(path)} cannot be read ({_reason(error)}); type the sweep's command again with sweep={lab.path.name}, "
        "which writes the file anew and resumes"
    )


def _reason(error: object) -> str:
    return f"no {error}" if isinstance(error, KeyError) else str(error)


def _given(call: Mapping[str, Any] | None) -> Given | None:
    if call is None:
        return None
    return Given(
        args=tuple(with_floats(call["args"]) or ()),
        kwargs=dict(with_floats(call["kwargs"]) or {}),
        inputs=with_floats(call["inputs"]),
        awaited=tuple(call.get("awaited", ())),  # a race of an earlier version lacks these three
        before=call.get("before"),
        after=call.get("after"),
        **{name: call[name] for name in ("make_input", "payload_bytes", "awaits", "by_name", "makes")},
    )


def _candidate(written: Mapping[str, Any]) -> Candidate:
    return Candidate(
        kind=str(written["kind"]),
        workers=int(written["workers"]),
        chunk=None if written["chunk"] is None else int(written["chunk"]),
        most=inf if written["most"] is None else float(written["most"]),
        serial=bool(written["serial"]),
    )


def runs_of(lab: Lab, cells: Sequence[str | None]) -> Iterator[tuple[int, float | None]]:
    """Yield the runs in the order they were made; without a speedup if one failed."""
    numbers = {cell_id: number for number, cell_id in enumerate(cells) if cell_id is not None}
    runs = lab.runs[lab.runs["cell_id"].isin(numbers)]
    for cell_id, status, speedup in zip(runs["cell_id"], runs["status"], runs["speedup"], strict=True):
        good = _is_good(status, speedup)
        yield numbers[cell_id], float(speedup) if good else None


def _is_good(status: str, speedup: Any) -> bool:
    return status == "ok" and bool(pd.notna(speedup)) and speedup > 0


def _failures(lab: Lab) -> Mapping[str, list[str]]:
    """Return by cell why its runs failed, a text for each of those, in the order they were made."""
    runs = lab.runs
    found: dict[str, list[str]] = {}
    for cell_id, status, speedup, reason in zip(
        runs["cell_id"], runs["status"], runs["speedup"], runs["reason"], strict=True
    ):
        if not _is_good(status, speedup):
            text = reason if isinstance(reason, str) else ""
            found.setdefault(cell_id, []).append(what_happened(text) or "it measured no speedup")
    return found
