"""Where and how the numbers of a figure were measured, for its caption."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from breakeven.analysis.frames.factors import name_implementation
from breakeven.analysis.frames.hosts import name_hosts
from breakeven.analysis.frames.order import version
from breakeven.analysis.units import plural
from breakeven.analysis.verdicts.lines import Line
from breakeven.base.modules import enumerate_some


class NothingToDraw(Exception):
    """Raised when a sweep holds no data for a figure; the message says which it needs."""


@dataclass(frozen=True)
class Context:
    """What a reader needs to judge a figure that stands alone: machine, CPUs, interpreters, and what follows.

    ``answers`` are the verdicts of the questions of which the figure shows cells, ``lines`` show from where on
    mechanisms pay, and ``clauses`` say what was found of the cells beside times.
    """

    machine: str
    cpu_count: int | None
    interpreters: tuple[str, ...]
    answers: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False)
    lines: tuple[Line, ...] = field(default=(), compare=False)
    clauses: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of(
        cls,
        runs: pd.DataFrame,
        answers: pd.DataFrame | None = None,
        lines: tuple[Line, ...] = (),
        clauses: tuple[str, ...] = (),
    ) -> Context:
        """Collect the context of the ``runs`` that a figure shows."""
        good = runs[runs["status"].eq("ok")]
        counts = good["cpu_count"].dropna().unique()
        return cls(
            machine=_machine(good),
            cpu_count=int(counts[0]) if len(counts) == 1 else None,
            interpreters=_interpreters(good),
            answers=pd.DataFrame() if answers is None else answers,
            lines=lines,
            clauses=clauses,
        )

    def caption(self, *sample: str) -> str:
        """Return the caption in one line: the sample, then machine, CPUs and interpreters."""
        cpus = plural(self.cpu_count, "CPU") if self.cpu_count else "CPU count varies"
        return " · ".join((*sample, self.machine, cpus, *self.interpreters))


def _machine(runs: pd.DataFrame) -> str:
    models = runs["cpu_model"].dropna().unique()
    hosts = name_hosts(runs)
    name = _shorten(str(models[0])) if len(models) else "unknown CPU"
    others = f" and {len(models) - 1} other CPU models" if len(models) > 1 else ""
    return name + others + (f" on {enumerate_some(hosts)}" if len(hosts) > 1 else "")


def _shorten(cpu_model: str) -> str:
    """Return the name of a CPU without its marks and without what it says of its clock."""
    plain = cpu_model.replace("(R)", "").replace("(TM)", "").partition("@")[0]
    return " ".join(plain.removesuffix(" ").removesuffix(" CPU").split())


def _interpreters(runs: pd.DataFrame) -> tuple[str, ...]:
    """Return implementation, version and, if it is off, the state of the GIL, in the order of versions."""
    kinds = {
        (str(run["implementation"]), version(str(run["python_version"]), gil=has_gil)): (
            f"{run['python_version']}{'' if has_gil else ' GIL off'}"
        )
        for _, run in runs.drop_duplicates(["implementation", "python_version", "gil_enabled"]).iterrows()
        for has_gil in [pd.isna(run["gil_enabled"]) or bool(run["gil_enabled"])]
    }
    names: dict[str, list[str]] = {}
    for (implementation, _), text in sorted(kinds.items()):
        names.setdefault(implementation, []).append(text)
    return tuple(f"{name_implementation(name)} {', '.join(texts)}" for name, texts in names.items())
