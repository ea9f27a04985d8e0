"""Write the matrix of what can be combined to docs/matrix.md, from the registries, or measure all of it.

``python -m benchmarks.matrix`` writes the tables that follow from what members declare. ``--run`` makes one run of
every model, channel and pattern with every interpreter found here, and of the covering of all other factors; it writes
what came out into the last section, and exits with 1 if a run failed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill
from typing import Any

import pandas as pd

from benchmarks import combinations
from benchmarks.combinations import Cell, Started
from benchmarks.covering import Factors, covering
from breakeven.analysis.frames.budget import sum_phases
from breakeven.analysis.frames.load import Lab, load
from breakeven.runner.cell import channels, models, patterns
from breakeven.runner.cell.compatibility import NATIVE, NONE
from breakeven.runner.cell.member import OLDEST
from breakeven.runner.cell.spaces import LOOP, PLACE
from tests.machines import interpreters

PAGE = Path(__file__).parents[1] / "docs" / "matrix.md"
MEASURED = "## What ran"
_TOLERANCE = 0.02
"""So much of a trial's time may be missing in the phases of its workers."""
_WIDTH = 120
_INTRODUCTION = """# The matrix

Which [models, channels and patterns](members.md) can be combined, their knobs, and what ran with which Python.

`python -m benchmarks.matrix` writes the first three sections. `make matrix` measures every combination with every
interpreter found and writes the last section too (20 minutes or more; to measure in pieces, repeat
`python -m benchmarks.matrix --run --folder FOLDER budget=3min`).
"""


def page() -> str:
    """Return the page but for what ran."""
    return "\n".join([_INTRODUCTION, *_of_channels(), *_of_models(), *_of_knobs()])


def _of_channels() -> Iterator[str]:
    """Yield the table of channels and the models whose workers they join."""
    bare = [name for name in models.REGISTRY if models.load(name).TRANSPORT is None]
    yield "## Channels and models\n"
    yield from _table(
        ["ipc", *bare, "needs"],
        ([f"`{ipc}`", *_joins(ipc, bare), _needs(channels.load(ipc))] for ipc in channels.REGISTRY),
    )
    own = [name for name in models.REGISTRY if models.load(name).TRANSPORT == NATIVE]
    none = [name for name in models.REGISTRY if models.load(name).TRANSPORT == NONE]
    yield f"- Without a channel (`ipc=none`): {_listed(none)}."
    yield f"{fill(f'- With a built-in channel (`ipc=native`): {_listed(own)}.', _WIDTH, subsequent_indent='  ')}\n"


def _joins(ipc: str, bare: Iterable[str]) -> Iterator[str]:
    for model in bare:
        method = (models.load(model).START_METHODS or (None,))[0]
        yield "yes" if combinations.reason(Started(model, method), ipc) is None else ""


def _of_models() -> Iterator[str]:
    """Yield the table of models.

    Where their workers live, how they start, what they need, and the patterns they take.
    """
    yield "## Models\n"
    names = list(patterns.REGISTRY)
    yield from _table(
        ["model", "workers in", "start methods", "patterns", "needs"],
        (_model(name, names) for name in models.REGISTRY),
    )
    yield f"`{PLACE}`: the parent's thread; `{LOOP}`: an event loop in it.\n"


def _model(name: str, names: Iterable[str]) -> list[str]:
    model = models.load(name)
    ipc = {NATIVE: NATIVE, NONE: NONE}.get(model.TRANSPORT or "") or _first_channel(name)
    how = Started(name, (model.START_METHODS or (None,))[0])
    takes = [pattern for pattern in names if combinations.reason(how, ipc, pattern=pattern) is None]
    space = model.space(dict(combinations.defaults("model", name)))
    return [f"`{name}`", space, ", ".join(model.START_METHODS), _those(takes, [*names]), _needs(model)]


def _those(taken: Sequence[str], of: Sequence[str]) -> str:
    """Return some of all names in words, the shorter list of the two."""
    lacking = [name for name in of if name not in taken]
    if not lacking:
        return "all"
    return ", ".join(taken) if len(taken) < len(lacking) else f"all but {', '.join(lacking)}"


def _first_channel(model: str) -> str:
    return next(ipc for how, ipc in combinations.pairs() if how.model == model)


def _of_knobs() -> Iterator[str]:
    """Yield the table of the knobs of members that take one of a few values."""
    yield "## Knobs that take one of a few values\n"
    yield from _table(
        ["knob", "of", "values"],
        (
            [f"`{family}.{key}`", f"`{family}={name}`", ", ".join(values)]
            for family, name, _ in combinations.members()
            for key, values in combinations.choices(family, name).items()
        ),
    )


def _needs(member: Any) -> str:
    since = [f"Python {'.'.join(map(str, member.SINCE))}"] if member.SINCE > OLDEST else []
    return ", ".join([*since, *(f"`{required.package}`" for required in member.REQUIRES)])


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |".replace("  ", " ")
    yield ""


# --- measured ----------------------------------------------------------------------------------------------------


def every_cell(path: str) -> list[Cell]:
    """Return every model with every channel and pattern, on an interpreter."""
    cells = []
    for (how, ipc), pattern in product(combinations.pairs(), patterns.REGISTRY):
        alone = models.load(how.model).refuses_workers(2) is not None
        factors = Factors(how, ipc, 0, pattern, 1 if alone else 2, "1KiB", "none", "spin")
        cells.append(factors.cell() | {"interpreter.path": path})
    return cells


def measure(folder: Path, cells: Sequence[Cell], *more: str, **environment: str) -> Lab:
    """Make one run of each cell in a sweep in ``folder``, unless it is there already, and return the sweep."""
    experiments = folder / "conf" / "experiment"
    experiments.mkdir(parents=True, exist_ok=True)
    (experiments / "matrix.yaml").write_text(combinations.sweep(cells, sweep="matrix", budget=None))
    command = [sys.executable, "-m", "breakeven", "+experiment=matrix", *more]
    subprocess.run(command, cwd=folder, env=os.environ | environment, check=False)
    return load(folder / "outputs" / "matrix")


def wrong(sweep: Lab) -> pd.DataFrame:
    """Return the runs that neither ended well nor lack something, and those with time unaccounted for.

    What a run lacks can be had.
    """
    runs = sweep.runs
    lacking = runs["status"].eq("incompatible") & runs["reason"].fillna("").str.contains(" needs ")
    failed = runs[~(runs["status"].eq("ok") | lacking)]
    parts = _parts(sweep)
    amiss = parts[(parts - 1).abs() > _TOLERANCE].groupby("cell_id").first()
    open_ = runs[runs["cell_id"].isin(amiss.index)]
    why = open_["cell_id"].map(amiss).map("the phases of its workers are {:.3f} of its time".format)
    traced = runs["cell_id"].isin(parts.index.get_level_values("cell_id")) | runs["pattern"].eq("pingpong")
    untraced = runs[runs["status"].eq("ok") & ~traced].assign(reason="no trial was traced")
    return pd.concat([failed, open_.assign(reason=why), untraced])


def _parts(sweep: Lab) -> pd.Series[float]:
    """Return the part of its workers' time that the phases of each traced trial fill."""
    trials = (
        sum_phases(sweep)
        .groupby(["cell_id", "round", "trial"])
        .agg(ns=("duration_ns", "sum"), wall_ns=("wall_ns", "first"), workers=("workers", "first"))
    )
    return trials["ns"] / (trials["wall_ns"] * trials["workers"])


def _what_ran(runs: pd.DataFrame) -> Iterator[str]:
    """Yield how many runs of each model and channel ended well with each interpreter."""
    yield f"{MEASURED}\n"
    yield "Successful runs of all runs. *lacks*: a package, a program or a newer Python is missing.\n"
    found = runs.assign(version=_named(runs))
    columns = sorted(set(found["version"]) - {""}, key=_as_version)
    for family, registry in (("model", [*models.REGISTRY]), ("ipc", [*channels.REGISTRY, NATIVE, NONE])):
        rows = (
            [f"`{name}`", *(_count(some[some["version"].eq(version)]) for version in columns)]
            for name, some in sorted(found.groupby(family), key=lambda group: registry.index(str(group[0])))
        )
        yield from _table([family, *columns], rows)


def _named(runs: pd.DataFrame) -> pd.Series[str]:
    """Return the interpreter of each run: its version, a `t` if it has no GIL, and its name unless that is CPython."""
    free = runs["python_build"].fillna("").str.contains("free-threaded").map({True: "t", False: ""})
    name = runs["implementation"].fillna("").replace({"cpython": "", "pypy": "PyPy"})
    return (runs["python_version"].fillna("") + free + " " + name).str.strip()


def _as_version(text: str) -> tuple[list[int], str]:
    return [int(part) for part in text.partition(" ")[0].rstrip("t").split(".") if part.isdigit()], text


def _count(runs: pd.DataFrame) -> str:
    statuses = Counter(runs["status"])
    return "lacks" if not statuses["ok"] else f"{statuses['ok']}/{len(runs) - statuses['incompatible']}"


def main() -> int:
    """Write the page, and with ``--run`` measure; return 1 if a run failed or is missing."""
    asked = _asked()
    old = PAGE.read_text(encoding="utf-8").partition(MEASURED)[2] if PAGE.exists() else ""
    if not asked.run:
        PAGE.write_text(page() + (f"\n{MEASURED}{old}" if old else ""), encoding="utf-8")
        return 0
    with TemporaryDirectory() as temporary:
        folder = Path(asked.folder or temporary)
        parts = {str(number): every_cell(path) for number, path in enumerate(interpreters())}
        parts["covering"] = [row.cell() for row in covering()]
        sweeps = {name: measure(folder / name, cells, *asked.more) for name, cells in parts.items()}
    missing = sum(len(cells) - len(sweeps[name].runs) for name, cells in parts.items())
    failed = pd.concat([wrong(sweep) for sweep in sweeps.values()])
    print(f"{len(failed)} runs failed, {missing} are missing")
    if len(failed):
        print(failed[["model", "ipc", "pattern", "python_version", "status", "reason"]].to_string())
    if not missing:
        runs = pd.concat([sweep.runs for sweep in sweeps.values()])
        PAGE.write_text("\n".join([page(), *_what_ran(runs)]), encoding="utf-8")
    return int(bool(missing) or not failed.empty)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", action="store_true", help="make a run of every combination")
    parser.add_argument("--folder", help="where the sweeps are kept: the next call goes on with them")
    parser.add_argument("more", nargs="*", help="settings of the sweeps, such as budget=3min")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
