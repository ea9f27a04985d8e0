"""The walls of the house: which rooms there are, and who may import what."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STANDARD = sys.stdlib_module_names | {
    "__future__",
    "breakeven_cell",
    "search_path",  # the cell's own, by path
    "_interpreters",  # of Python 3.13 and newer
}
MEASURED: dict[str, set[str]] = {
    "workloads/matmul.py": {"numpy"},
    "workloads/pandas_groupby.py": {"numpy", "pandas"},
    "models/loky.py": {"loky"},
    "models/joblib.py": {"joblib"},
    "models/mpire.py": {"mpire"},
    "models/dask.py": {"dask", "distributed"},
    "models/ray.py": {"ray"},
    "models/mpi.py": {"mpi4py"},
    "channels/zeromq.py": {"zmq"},
    "channels/arrow.py": {"pyarrow"},
}
"""The package that a member measures, by its file below runner/cell: only that member imports it, in the functions that use it."""
HYDRA = {"hydra", "omegaconf", "hydra_plugins"}

ROOMS: dict[str, set[str]] = {
    "base": set(),
    "search": set(),
    "runner.errors": {"base"},
    "runner.cell": set(),
    "runner.environment": {"base"},
    "runner.config": {"base", "runner.cell"},
    "runner.planning": {
        "base",
        "runner.cell",
        "runner.config",
        "runner.environment",
        "runner.errors",
        "search",
    },
    "runner.results": {"base", "runner.cell", "runner.config", "runner.environment", "runner.planning"},
    "runner.store": {"base", "runner.environment", "runner.errors", "runner.results"},
    "runner.locks": {"base", "runner.environment", "runner.errors", "runner.store"},
    "runner.host": {
        "base",
        "runner.cell",
        "runner.environment",
        "runner.errors",
        "runner.planning",
        "runner.results",
    },
    "runner.engines": {
        "base",
        "runner.cell",
        "runner.config",
        "runner.environment",
        "runner.errors",
        "runner.host",
        "runner.locks",
        "runner.planning",
        "runner.results",
    },
    "runner.compact": {"base", "runner.errors", "runner.locks", "runner.store"},
    "runner.status": {"base", "runner.errors", "runner.locks", "runner.store"},
    "runner.sweep": {
        "base",
        "runner.cell",
        "runner.config",
        "runner.engines",
        "runner.environment",
        "runner.errors",
        "runner.host",
        "runner.locks",
        "runner.planning",
        "runner.results",
        "runner.store",
        "search",
    },
    "runner.hydra_app": {
        "analysis.summary",
        "base",
        "runner.config",
        "runner.engines",
        "runner.environment",
        "runner.planning",
        "runner.store",
        "runner.sweep",
    },
    "analysis.errors": {"base"},
    "analysis.choices": {"analysis.errors", "base"},
    "analysis.units": {"base"},
    "analysis.frames": {"analysis.errors", "analysis.units", "base", "runner.cell.intervals"},
    "analysis.findings": {"analysis.frames", "analysis.units", "runner.cell.intervals"},
    "analysis.verdicts": {
        "analysis.errors",
        "analysis.findings",
        "analysis.frames",
        "analysis.units",
        "base",
    },
    "analysis.advice": {
        "analysis.errors",
        "analysis.frames",
        "analysis.units",
        "analysis.verdicts",
        "base",
        "search",
    },
    "analysis.figures": {
        "analysis.advice",
        "analysis.errors",
        "analysis.findings",
        "analysis.frames",
        "analysis.units",
        "analysis.verdicts",
        "base",
        "search",
    },
    "analysis.traces": {"analysis.choices", "analysis.errors", "analysis.frames", "analysis.units", "base"},
    "analysis.lab": {"analysis.advice", "analysis.frames", "analysis.verdicts", "base"},
    "analysis.summary": {"analysis.advice", "analysis.frames", "analysis.units", "analysis.verdicts", "base"},
    "analysis.pages": {
        "analysis.errors",
        "analysis.figures.context",
        "analysis.frames",
        "analysis.summary.next_command",
        "analysis.units",
        "base",
    },
    "analysis.comparing": {
        "analysis.choices",
        "analysis.errors",
        "analysis.frames",
        "analysis.pages",
        "analysis.summary.cells",
        "analysis.units",
        "base",
        "runner.cell.intervals",
    },
    "analysis.claims": {
        "analysis.choices",
        "analysis.comparing",
        "analysis.errors",
        "analysis.figures",
        "analysis.findings",
        "analysis.frames",
        "analysis.pages",
        "analysis.units",
        "base",
    },
    "analysis.show": {"analysis.errors", "analysis.figures", "analysis.frames", "analysis.summary", "base"},
    "analysis.report": {
        "analysis.advice",
        "analysis.figures",
        "analysis.findings",
        "analysis.frames",
        "analysis.pages",
        "analysis.summary",
        "analysis.units",
        "analysis.verdicts",
        "base",
    },
    "analysis.door": {"analysis.claims", "analysis.comparing", "analysis.report", "analysis.show", "base"},
}
"""Every room, the lower ones first, and the rooms that it may import; its own modules always."""

FLAT = {
    "breakeven": {"__init__", "__main__", "command"},
    "runner": {"__main__", "errors"},
    "analysis": {"__main__", "choices", "door", "errors", "lab", "show", "units"},
}
"""Modules that lie in no room."""

DOORS = {ROOT / folder / "__main__.py" for folder in ("breakeven", "runner", "runner/status", "analysis")}
"""What ``python -m`` starts in a clone."""


def _files(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found
    return found


@cache
def _imports(path: Path) -> tuple[tuple[int, str], ...]:
    """Return the level and the dotted name of every import of a file, also of those that a registry names in a text."""
    return tuple(_read_imports(path))


def _read_imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each of them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield node.level, base
            yield from ((node.level, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Constant) and _names_module(node.value):
            yield 0, str(node.value).partition(":")[0]


def _names_module(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"breakeven(\.\w+)+:?\w*", value) is not None


def _room(name: str) -> str | None:
    """Return the room that a dotted name within the package leads to, None if it leads to none."""
    parts = name.removeprefix("breakeven.").split(".")
    names = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((found for found in names if found in ROOMS), None)


def _modules(room: str) -> list[Path]:
    """Return the files of a room, those of rooms within it apart."""
    folder = ROOT / (f"breakeven/{room}" if room in ("base", "search") else room.replace(".", "/"))
    if not folder.is_dir():
        return [folder.with_suffix(".py")]
    inner = [ROOT / other.replace(".", "/") for other in ROOMS if other.startswith(f"{room}.")]
    return [
        file
        for file in sorted(folder.rglob("*.py"))
        if file not in DOORS and not any(file.with_suffix("").is_relative_to(one) for one in inner)
    ]


def _arrows(room: str) -> dict[str, list[str]]:
    """Return what the modules of a room import of other rooms, with the modules that do."""
    found: dict[str, list[str]] = {}
    for file in _modules(room):
        for level, name in _imports(file):
            target = _room(name) if not level and name.startswith("breakeven.") else None
            if target is not None and target != room:
                exact = name.removeprefix("breakeven.")
                allowed = [one for one in ROOMS[room] if exact == one or exact.startswith(f"{one}.")]
                found.setdefault(max(allowed, key=len, default=target), []).append(
                    str(file.relative_to(ROOT))
                )
    return found


@pytest.mark.parametrize("path", _files("runner/cell"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_measured_side_is_standard_library_only(path: Path) -> None:
    """The cell imports the standard library and, relatively, itself; no import leaves its folder."""
    depth = len(path.relative_to(ROOT / "runner/cell").parts)
    for level, name in _imports(path):
        assert level <= depth
        measured = MEASURED.get(path.relative_to(ROOT / "runner" / "cell").as_posix(), set())
        assert level or name.partition(".")[0] in STANDARD | measured, name


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    """Arrows run one way, those included that a registry hides in a text."""
    arrows = _arrows(room)
    assert arrows.keys() <= ROOMS[room], {name: arrows[name] for name in arrows.keys() - ROOMS[room]}


@pytest.mark.parametrize("door", sorted(DOORS), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_door_leads_to_the_command(door: Path) -> None:
    """It sets the search path right, and imports nothing under the name that `python -m` gives its folder."""
    modules = {"breakeven.command", "breakeven.runner.cell.search_path"}
    imported = {name for _, name in _imports(door)} - {"sys"}
    assert {name for name in imported if name.rpartition(".")[0] not in modules} == modules


def test_no_arrow_is_listed_in_vain() -> None:
    """What is allowed is used: the list is the house as it is."""
    unused = {room: ROOMS[room] - _arrows(room).keys() for room in ROOMS}
    assert {room: names for room, names in unused.items() if names} == {}


def test_there_is_no_circle_of_rooms() -> None:
    """Following the arrows never leads back."""
    graph = {room: {_room(name) or name for name in _arrows(room)} - {room} for room in ROOMS}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_every_module_is_in_a_room() -> None:
    """A new folder is a room, to be listed above; few modules lie flat."""
    for path in (*_files("runner"), *_files("analysis"), *_files("breakeven/base")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removeprefix("breakeven.")
        assert path in DOORS or _room(name) is not None, name
    for folder, modules in FLAT.items():
        assert {path.stem for path in (ROOT / folder).glob("*.py")} == modules


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "runner.hydra_app"])
def test_hydra_ends_at_its_room(room: str) -> None:
    """Nothing but the Hydra application, the command and the plugin imports Hydra or OmegaConf."""
    for file in _modules(room):
        for _, name in _imports(file):
            assert name.partition(".")[0] not in HYDRA, f"{file.relative_to(ROOT)} imports {name}"


def test_no_benchmark_hides_a_module_of_the_standard_library() -> None:
    """Plain programs are run by path, so that their folder comes first where the standard library looks for its own modules."""
    assert {path.stem for path in (ROOT / "benchmarks").glob("*.py")} & sys.stdlib_module_names == set()
