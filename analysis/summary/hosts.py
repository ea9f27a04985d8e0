"""What to know of a sweep that was measured on several hosts.

Unlike ones, runs beside each other, and how few hosts there are.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from breakeven.analysis.frames.hosts import SEVERAL, beside_another, host_of, name_hosts
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.summary.caution import BESIDE, HOSTS, UNLIKE, Caution
from breakeven.analysis.summary.wording import out_of
from breakeven.analysis.units import plural
from breakeven.base.modules import enumerate_some


def on_hosts(lab: Lab) -> Iterator[Caution]:
    """Yield the cautions, if any."""
    yield from _beside(lab.runs)
    yield from _unlike(lab)
    yield from _few(lab)


def _beside(runs: pd.DataFrame) -> Iterator[Caution]:
    """Report runs that were not alone: all of them count, and each may have slowed the other."""
    found = runs[beside_another(runs)]
    if len(found):
        text = (
            f"{len(found)} of {plural(len(runs), 'run')} had another run of this sweep beside them on the same machine "
            f"({enumerate_some(set(host_of(found)))}): they count, and disturbed each other; start one node on each machine and measure "
            "again in another sweep"
        )
        yield Caution(BESIDE, text, frozenset(found["cell_id"]), "b")


def _unlike(lab: Lab) -> Iterator[Caution]:
    """Report what is left out because hosts have unlike CPUs."""
    if lab.unlike_hosts:
        hosts = enumerate_some(set(name_hosts(lab.runs)))
        text = (
            f"measured on hosts with unlike CPUs ({'; '.join(lab.unlike_hosts)}; {hosts}): times, rates and what is decided by them are "
            "left out, speedups are ratios within a run and compare"
        )
        yield Caution(UNLIKE, text, typed="--mix-hosts shows them all the same")


def _few(lab: Lab) -> Iterator[Caution]:
    """Report what intervals of cells on several hosts mean, and how much hosts and processes differ."""
    cells = lab.estimates[lab.estimates["hosts"].ge(SEVERAL)]
    if cells.empty:
        return
    least, most = int(cells["hosts"].min()), int(cells["hosts"].max())
    count = f"{least}" if least == most else f"{least} to {most}"
    text = (
        f"{out_of(len(cells), len(lab.estimates))} rounds are of {count} hosts: what hosts differ in is known from so many values, however "
        f"many rounds each has, and the intervals stand for hosts like these{_components(cells)}; more hosts narrow them, more rounds hardly do"
    )
    yield Caution(HOSTS, text)


def _components(cells: pd.DataFrame) -> str:
    """Return the medians over cells of both components of variance, as text; empty if no host has two rounds."""
    medians = cells[["spread_hosts", "spread_processes"]].median()
    if medians.isna().any():
        return ""
    return (
        f" (in the median of cells, hosts differ by {medians['spread_hosts']:.1%} and processes of a host by "
        f"{medians['spread_processes']:.1%}, standard deviations)"
    )
