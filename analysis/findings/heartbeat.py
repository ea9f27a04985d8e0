"""Which workers leave the main thread free for its ticks; the rule is in docs/verdicts.md."""

from __future__ import annotations

from typing import Any

import pandas as pd

from breakeven.analysis.findings.finding import Finding
from breakeven.analysis.findings.wide import SERIAL, observed_of
from breakeven.analysis.frames.configs import add_knobs
from breakeven.analysis.frames.factors import label_mechanisms, label_settings, tell_apart
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_share, format_time

PATTERN = "heartbeat"
SMOOTH, LATE, UNDECIDED = "smooth", "late", "undecided"
P50, P99, MISSED = "lateness_p50_ns", "lateness_p99_ns", "missed_share"
ALONE = "main thread alone"
"""What the serial trials are called: calls in the main thread, between which it serves its ticks."""

MOST_MISSED = 0.01
"""Share of the ticks that may miss their frame: then 99 % of them do not."""

_HZ = "pattern.hz"
_NS_PER_S = 1e9


def judge(lab: Lab) -> pd.DataFrame:
    """Return a row for each cell, and one for each setting without workers: lateness, ``frame_ns`` and ``decision``.

    ``mechanism`` and ``setting`` tell them apart.
    """
    cells = observed_of(lab, PATTERN, (P50, P99, MISSED))
    if cells.empty:
        return cells.assign(mechanism="", setting="", frame_ns=0.0, decision="")
    named = cells.assign(mechanism=label_mechanisms(cells), setting=label_settings(cells))
    named = named.assign(mechanism=tell_apart(named, "mechanism", ["setting"]), frame_ns=_frames(lab, cells))
    alone = observed_of(lab, PATTERN, (P50, P99, MISSED), SERIAL)
    of_one = named.drop_duplicates("setting")[["setting", "frame_ns"]]
    alone = alone.join(of_one, how="inner").assign(mechanism=ALONE)
    rows = pd.concat([named, alone])
    return rows.assign(decision=_decide(rows))


def _frames(lab: Lab, cells: pd.DataFrame) -> pd.Series[float]:
    """Return how long a frame is in each cell."""
    knobs = add_knobs(lab.runs.drop_duplicates("cell_id")).set_index("cell_id")
    return _NS_PER_S / knobs[_HZ].reindex(cells.index).astype("float64")


def _decide(rows: pd.DataFrame) -> pd.Series[str]:
    """Return for each row whether it is surely late, surely smooth, or neither."""
    late = rows[f"{MISSED}_low"].gt(MOST_MISSED) | rows[f"{P99}_low"].gt(rows["frame_ns"])
    smooth = rows[f"{MISSED}_high"].le(MOST_MISSED) & rows[f"{P99}_high"].le(rows["frame_ns"])
    return pd.Series(UNDECIDED, rows.index).mask(smooth, SMOOTH).mask(late, LATE)


def find(lab: Lab) -> list[Finding]:
    """Return what follows for each setting: which workers leave the main thread free."""
    rows = judge(lab)
    with_workers = rows[rows["mechanism"].ne(ALONE)]
    return [_find(str(setting), part) for setting, part in with_workers.groupby("setting", sort=False)]


def _find(setting: str, rows: pd.DataFrame) -> Finding:
    found = {word: rows[rows["decision"].eq(word)] for word in (SMOOTH, LATE, UNDECIDED)}
    decision = SMOOTH if len(found[SMOOTH]) else LATE if len(found[LATE]) == len(rows) else UNDECIDED
    frame = format_time(rows["frame_ns"].iloc[0])
    parts = [
        f"{_VERBS[word]} {', '.join(_name(row) for _, row in part.iterrows())}"
        for word, part in found.items()
        if len(part)
    ]
    about = f" ({setting})" if setting else ""
    return Finding(
        question=f"which workers leave the main thread free{about}",
        decision=decision,
        sentence=f"Ticks of {frame} on the main thread{about}: {'; '.join(parts)}.",
        cells=tuple(map(str, rows.index)),
        details=tuple(_detail(row) for _, row in rows.iterrows()),
        clause=f"ticks on the main thread{about}: "
        + "; ".join(
            f"{word} beside {', '.join(part['mechanism'])}" for word, part in found.items() if len(part)
        ),
    )


_VERBS = {SMOOTH: "smooth beside", LATE: "late beside", UNDECIDED: "undecided beside"}


def _name(row: pd.Series[Any]) -> str:
    """Return a mechanism, and what decided about it: frames that are missed, or how late ticks are."""
    missed, tail = format_share(row[MISSED]), format_time(row[P99])
    what = f"{missed} miss their frame" if row["decision"] == LATE else f"99 % at most {tail} late"
    return f"{row['mechanism']} ({what})"


def _detail(row: pd.Series[Any]) -> str:
    times = f"median {format_time(row[P50])} late, 99 % at most {format_time(row[P99])}"
    ends = f"[{format_time(row[f'{P99}_low'])}, {format_time(row[f'{P99}_high'])}]"
    share = f"[{format_share(row[f'{MISSED}_low'])}, {format_share(min(row[f'{MISSED}_high'], 1.0))}]"
    return f"{row['mechanism']}: {times} {ends}; missed {format_share(row[MISSED])} {share}"
