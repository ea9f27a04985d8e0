"""The command that measures some cells of a sweep anew."""

from __future__ import annotations

import math
import shlex
from collections.abc import Collection, Iterator

import pandas as pd

from breakeven.analysis.frames.load import Lab
from breakeven.base.factors import OF_THE_SWEEP, POLICY
from breakeven.base.program import program
from breakeven.base.results import planned_runs, typed_options, typed_overrides

_PLACE = ("sweep", "outputs", "dry_run", "retry_failed")
_NO_CONDITION = {"", "experiment", "seed", *OF_THE_SWEEP, *POLICY}
_ONLY = "hydra.sweeper.only"
_SPECIAL = set(",:'\"()[]{}= ")

Overrides = dict[str, str]


def repeat(lab: Lab, cells: Collection[str]) -> str:
    """Return the command that measures ``cells`` anew in a folder of its own.

    It is empty if they are of no launch that is known.

    It is what was typed for the sweep, with the conditions that choose these cells of its grid.
    """
    planned = {run.rpartition("-")[0] for run in planned_runs(lab.path)}
    if not cells or not set(cells) <= planned:
        return ""
    kept = [text for text in typed_overrides(lab.path) if _key(text) not in (*_PLACE, _ONLY)]
    options = [text for text in typed_options(lab.path) if _key(text) != _ONLY]
    words = [*program(), "run", *options, *kept]
    if set(cells) < planned:
        conditions = ",".join(_write(condition) for condition in conditions_for(lab.runs, cells))
        words.append(f"{_ONLY}=[{conditions}]")
    return shlex.join(words)


def conditions_for(runs: pd.DataFrame, cells: Collection[str]) -> list[dict[str, list[str]]]:
    """Return conditions that ``cells`` match: each a list of values for every knob that was set for them."""
    known = runs[runs["cell_id"].isin(list(cells))].drop_duplicates("cell_id")
    return list(_products([_overrides(text) for text in known["overrides"].fillna("")]))


def _overrides(text: str) -> Overrides:
    pairs = (line.partition("=") for line in text.split("\n"))
    return {key.lstrip("+~"): value for key, _, value in pairs if key.lstrip("+~") not in _NO_CONDITION}


def _products(found: list[Overrides]) -> Iterator[dict[str, list[str]]]:
    """Yield conditions that match ``found`` and no other combination of their values."""
    keys = dict.fromkeys(key for one in found for key in one)
    values = {key: list(dict.fromkeys(one.get(key) for one in found)) for key in keys}
    distinct = {tuple(sorted(one.items())) for one in found}
    whole = all(None not in each for each in values.values())
    if whole and math.prod(map(len, values.values())) == len(distinct):
        yield {key: [value for value in each if value is not None] for key, each in values.items()}
        return
    key = next(key for key, each in values.items() if len(each) > 1)
    for value in values[key]:
        yield from _products([one for one in found if one.get(key) == value])


def _write(condition: dict[str, list[str]]) -> str:
    """Write a condition in the grammar of Hydra's command line."""
    return "{" + ",".join(f"{key}:{_value(values)}" for key, values in condition.items()) + "}"


def _value(values: list[str]) -> str:
    texts = [f'"{value}"' if set(value) & _SPECIAL else value for value in values]
    return texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"


def _key(override: str) -> str:
    return override.partition("=")[0].lstrip("+~")
