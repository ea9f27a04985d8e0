"""What a user's function depends on, on both sides: its modules, and the versions of the packages it imports.

They may differ between the sides, since that may be what is compared, but not between the runs of one cell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import pandas as pd

from breakeven.analysis.comparing.knobs import knobs_of
from breakeven.base import modules, packages
from breakeven.base.conditions import PACKAGES, SOURCES
from breakeven.base.modules import enumerate_some

Texts = Iterable[str]
Pair = int


def recorded_modules(runs: pd.DataFrame) -> pd.Series[Any]:
    """Return the modules of each run as text.

    Of a sweep from before they were recorded, one hash of them without a name.
    """
    return runs[SOURCES].where(runs[SOURCES].notna(), runs["source"])


def texts_by_pair(values: pd.Series[Any], pairs: pd.Series[Any]) -> dict[Pair, list[str]]:
    """Return the different texts of each pair."""
    return {int(str(pair)): list(found.dropna().unique()) for pair, found in values.groupby(pairs)}


def count_versions(texts: Texts, names: Collection[str]) -> int:
    """Return how many versions of the named files there are."""
    known = [modules.read(text) for text in texts]
    return len({tuple(files[name].digest if name in files else "" for name in names) for files in known})


def describe_modules(a: pd.DataFrame, b: pd.DataFrame) -> str:
    """Return in words how the files of two sides differ: ``helper.py differs, new.py only in B``; empty if they do not.

    Of sides with different functions those files count that both have.
    """
    one, other = (modules.versions(recorded_modules(runs).dropna().unique()) for runs in (a, b))
    differing = {name for name in one if name in other and one[name] != other[name]}
    kinds = [(differing, "differ")]
    if all(is_same_function(a, b).values()):
        kinds += [(one.keys() - other, "only in A"), (other.keys() - one, "only in B")]
    return ", ".join(f"{listed(names)} {_verb(what, names)}" for names, what in kinds if names)


def listed(names: Collection[str]) -> str:
    """Return the names of files in words, the first ones of many; the one of an older sweep has none."""
    return enumerate_some(name or "a file whose name is unknown" for name in names)


def _verb(what: str, names: Collection[str]) -> str:
    return "differs" if what == "differ" and len(names) == 1 else what


def is_same_function(a: pd.DataFrame, b: pd.DataFrame) -> dict[Pair, bool]:
    """Return by pair whether both sides call the same function with the same options."""
    options = [name for name in knobs_of(a.columns) if name.startswith("workload.") and name in b]
    first_a, first_b = (side.drop_duplicates("pair").set_index("pair") for side in (a, b))
    alike = first_a["workload"].eq("function")
    for name in ("workload", "function", *options):
        one, other = (
            side[name].astype("object").fillna("") for side in (first_a, first_b.reindex(first_a.index))
        )
        alike &= one.eq(other)
    return {int(str(pair)): bool(same) for pair, same in alike.items()}


def warnings_on_mixing(side: str, runs: pd.DataFrame) -> Iterator[str]:
    """Yield a warning of each kind for files and packages of which a side has several versions.

    The packages are those of an interpreter.
    """
    texts = recorded_modules(runs).dropna()
    files = [name for name, versions in modules.versions(texts.unique()).items() if len(versions) > 1]
    if files:
        yield f"{side} mixes sources: {listed(files)} {_verb('differ', files)} between its runs"
    of_functions = runs.loc[texts.index]
    found = {
        f"{name} {' and '.join(sorted(versions))}"
        for _, own in of_functions.groupby(of_functions["executable"].fillna(""))[PACKAGES]
        for name, versions in packages.versions(own.dropna().unique()).items()
        if len(versions) > 1
    }
    if found:
        yield f"{side} mixes versions of packages: {', '.join(sorted(found))}"
