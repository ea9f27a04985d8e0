"""Where and how the numbers of a figure were measured, for its caption."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from breakeven.analysis.frames.factors import name_implementation


class NothingToDraw(Exception):
    """Raised when a sweep holds no data for a figure; the message says which it needs."""


@dataclass(frozen=True)
class Context:
    """What a reader needs to judge a figure that stands alone: machine, CPUs and interpreters."""

    machine: str
    cpu_count: int | None
    interpreters: tuple[str, ...]

    @classmethod
    def of(cls, runs: pd.DataFrame) -> Context:
        """Collect the context of the ``runs`` that a figure shows."""
        good = runs[runs["status"].eq("ok")]
        counts = good["cpu_count"].dropna().unique()
        return cls(
            machine=_machine(good),
            cpu_count=int(counts[0]) if len(counts) == 1 else None,
            interpreters=tuple(sorted({_interpreter(row) for _, row in good.iterrows()})),
        )

    def caption(self, *sample: str) -> str:
        """Return the caption: the sample size, then machine, CPUs and interpreters."""
        cpus = f"{self.cpu_count} CPUs" if self.cpu_count else "CPU count varies"
        where = " · ".join((self.machine, cpus, *self.interpreters))
        return "\n".join((*sample, where))


def _machine(runs: pd.DataFrame) -> str:
    models = runs["cpu_model"].dropna().unique()
    hosts = runs["hostname"].nunique()
    name = (
        " ".join(str(models[0]).replace("(R)", "").replace("(TM)", "").split())
        if len(models)
        else "unknown CPU"
    )
    others = f" and {len(models) - 1} other CPU models" if len(models) > 1 else ""
    return name + others + (f" on {hosts} hosts" if hosts > 1 else "")


def _interpreter(run: pd.Series) -> str:
    name = name_implementation(str(run["implementation"]))
    gil = {True: ", GIL on", False: ", GIL off"}.get(run["gil_enabled"], "")
    return f"{name} {run['python_version']}{gil}"
