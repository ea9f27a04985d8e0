"""Streams: what went one way, at which load, and how long it was under way, cell by cell."""

from __future__ import annotations

import pandas as pd

from breakeven.analysis.frames.configs import add_knobs
from breakeven.analysis.frames.factors import label_mechanisms, label_settings, tell_apart
from breakeven.analysis.frames.load import Lab

PATTERN = "stream"
LOAD, PRODUCERS = "pattern.load", "pattern.producers"
RATE, BANDWIDTH = "messages_per_s", "bytes_per_s"
PERCENTILES = {
    "latency_p50_ns": "median",
    "latency_p99_ns": "99th percentile",
    "latency_p999_ns": "99.9th percentile",
}


def streams(lab: Lab) -> pd.DataFrame:
    """Return one row per stream that is ok.

    Its factors, ``load`` (NaN at saturation), ``producers``, and all it observed with intervals.

    ``mechanism`` and ``setting`` name cells by all in which they differ but their load: equal names belong to one
    mechanism at several loads.
    """
    estimates = lab.estimates
    cells = estimates[estimates["pattern"].eq(PATTERN)]
    if cells.empty:
        return cells.assign(load=[], producers=[], mechanism=[], setting=[])
    knobs = add_knobs(lab.runs.drop_duplicates("cell_id")).set_index("cell_id")
    known = knobs.reindex(columns=[LOAD, PRODUCERS]).loc[cells.index]
    parts = cells["variant"].str.split(", ")
    bare = cells.assign(
        variant=parts.map(lambda knobs: _variant(knobs, of_pattern=False)),
        load=pd.to_numeric(known[LOAD]),
        producers=known[PRODUCERS].fillna("parent").astype(str),
    )
    settings = label_settings(bare.assign(variant=parts.map(lambda knobs: _variant(knobs, of_pattern=True))))
    named = bare.assign(mechanism=label_mechanisms(bare), setting=settings)
    named = named.assign(mechanism=tell_apart(named, "mechanism", ["setting", "load"]))
    observed = _observed(lab, named.index)
    return named.drop(columns=observed.columns.intersection(named.columns)).join(observed)


def _variant(knobs: list[str], *, of_pattern: bool) -> str:
    """Return the knobs of the pattern, or the others; without the load.

    The pattern's belong to the setting, the others to the mechanism.
    """
    kept = (knob for knob in knobs if not knob.startswith(f"{LOAD}="))
    return ", ".join(knob for knob in kept if knob.startswith("pattern.") == of_pattern)


def _observed(lab: Lab, cells: pd.Index[str]) -> pd.DataFrame:
    """Return a column for each quantity, and its interval."""
    found = lab.observed[lab.observed["kind"].eq("parallel") & lab.observed["cell_id"].isin(cells)]
    wide = found.pivot_table(
        index="cell_id", columns="quantity", values=["value", "low", "high"], dropna=False
    )
    wide.columns = pd.Index([_column(*map(str, pair)) for pair in wide.columns.to_list()])
    names = [f"{name}{end}" for name in (RATE, BANDWIDTH, *PERCENTILES) for end in ("", "_low", "_high")]
    return wide.reindex(columns=names)


def _column(end: str, quantity: str) -> str:
    return quantity if end == "value" else f"{quantity}_{end}"


def saturated(rows: pd.DataFrame) -> pd.DataFrame:
    """Return those of ``rows`` that were sent without a load, the one that moves most first."""
    return rows[rows["load"].isna()].dropna(subset=[RATE]).sort_values(RATE, ascending=False)


def rivals(ranked: pd.DataFrame) -> list[str]:
    """Return the mechanisms that may move as much as the first one.

    Their interval reaches its own, or they have none.
    """
    first, others = ranked.iloc[0], ranked.iloc[1:]
    if pd.isna(first[f"{RATE}_low"]):
        return [str(name) for name in others["mechanism"]]
    reach = others[f"{RATE}_high"].ge(first[f"{RATE}_low"]) | others[f"{RATE}_high"].isna()
    return [str(name) for name in others.loc[reach, "mechanism"]]
