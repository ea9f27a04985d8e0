"""What a function depends on: whichever of its modules is edited is named, and no other file is."""

from __future__ import annotations

import os
import random
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from breakeven.base.modules import read
from breakeven.runner import host
from breakeven.runner.errors import PlanOutdated
from breakeven.runner.planning import conditions
from breakeven.runner.planning.conditions import Present
from breakeven.runner.planning.interpreters import check_function
from breakeven.runner.planning.run import Run, Source
from tests.commands import Command, changed
from tests.machines import EVERY_INTERPRETER, described
from tests.samples import run

OPTIONS: dict[str, Any] = {"target": "mine:work", "args": [], "kwargs": {}, "make_input": None}
PLACES = ("{}", "pack.{}", "pack.inner.{}", "namespace.{}", "elsewhere_{}", "archived_{}")


def source_of(planned: Run) -> Source:
    """Return what the function of a run depends on."""
    assert planned.source is not None
    return planned.source


def plan(folder: Path, source: Source | None = None, executable: str = sys.executable, **changes: Any) -> Run:
    """Return the run of a serial cell that calls ``mine:work``, with its conditions as they are now."""
    source = source or check_function(executable, OPTIONS, folder)
    known = {"model": "serial", "start_method": None, "ipc": "none", "workers": 1, "tasks": 2} | changes
    planned = run(
        executable, folder, workload="function", workload_options=OPTIONS, task_ns=0, payload_bytes=0, **known
    )
    found = conditions.conditions(described(executable), source, "")
    return replace(planned, source=source, conditions=found)


def told(row: dict[str, Any], now: Run) -> list[str]:
    """Return what is said of the conditions that changed since a row was stored."""
    return [str(change) for change in Present().changes(row, now)]


# --- any graph of modules ------------------------------------------------------------------------------------


class Graph:
    """A user's modules, at random: in packages, namespaces, folders of PYTHONPATH and an archive, some imported by calls."""

    def __init__(self, folder: Path, seed: int) -> None:
        chance = random.Random(seed)
        self.folder = folder / "typed"
        self.path = (folder / "path", folder / "archive.zip")
        self.names = ["mine", *(chance.choice(PLACES).format(f"m{number}") for number in range(7))]
        later = range(1, len(self.names))
        self.edges = {
            number: {
                other: chance.random() < 0.25 for other in later if other > number and chance.random() < 0.35
            }
            for number in range(len(self.names))
        }  # whether it is a call that imports it
        self.texts = {number: self._text(number, chance) for number in self.edges}
        for package in ("pack", "pack/inner"):
            (self.folder / package).mkdir(parents=True)
            (self.folder / package / "__init__.py").write_text(f"# {package}\n")
        self.path[0].mkdir()
        self.write(self.texts)

    def _text(self, number: int, chance: random.Random) -> str:
        at_once: list[tuple[int, str]] = []
        by_call: list[tuple[int, str]] = []
        for other, called in self.edges[number].items():
            parent, _, name = self.names[other].rpartition(".")
            styles = [f"import {self.names[other]}"] + ([f"from {parent} import {name}"] if parent else [])
            (by_call if called else at_once).append((other, chance.choice(styles)))
        head = [style for _, style in at_once]
        body = [f"    {style}" for _, style in by_call]
        calls = [
            f"    import sys; sys.modules[{self.names[other]!r}].work()" for other, _ in (*at_once, *by_call)
        ]
        return "\n".join([*head, "def work():", *body, *calls, f"    return {number}", ""])

    def file(self, number: int) -> Path:
        """Return the file that an edit of a module changes."""
        name = self.names[number]
        if name.startswith("archived_"):
            return self.path[1]
        folder = self.path[0] if name.startswith("elsewhere_") else self.folder
        return folder.joinpath(*name.split(".")).with_suffix(".py")

    def write(self, texts: dict[int, str]) -> None:
        """Write all modules."""
        with zipfile.ZipFile(self.path[1], "w") as archive:
            for number, text in texts.items():
                if self.names[number].startswith("archived_"):
                    archive.writestr(zipfile.ZipInfo(f"{self.names[number]}.py"), text)
        for number, text in texts.items():
            file = self.file(number)
            if file != self.path[1]:
                file.parent.mkdir(exist_ok=True)
                file.write_text(text)

    def reached(self) -> set[int]:
        """Return the modules that the function depends on."""
        found, waiting = set(), [0]
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                waiting += self.edges[number]
        return found


@pytest.mark.parametrize("seed", range(5))
def test_an_edit_of_any_module_is_told_by_name_and_of_no_other_file(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is imported with the function or by its calls, at whatever distance, wherever it lies."""
    graph = Graph(tmp_path, seed)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, graph.path)))
    row = dict(host.execute(plan(graph.folder)).row)
    assert (row["status"], row["reason"]) == ("ok", None)
    reached = graph.reached()
    files = {graph.file(number) for number in reached}
    assert {(graph.folder / name).resolve() for name in read(row["sources"])} - files <= {
        graph.folder / "pack" / "__init__.py",
        graph.folder / "pack" / "inner" / "__init__.py",
    }
    assert told(row, plan(graph.folder)) == []
    for number in graph.texts:
        graph.write(graph.texts | {number: graph.texts[number] + "# edited\n"})
        name = os.path.relpath(graph.file(number), graph.folder)
        expected = [f"{name} changed"] if graph.file(number) in files else []
        assert told(row, plan(graph.folder)) == expected
        graph.write(graph.texts)
    assert told(row, plan(graph.folder)) == []


# --- what can be a module --------------------------------------------------------------------------------------

ODD = {
    "lazy": (
        "import importlib.util, sys\n"
        "spec = importlib.util.find_spec('helper')\n"
        "spec.loader = importlib.util.LazyLoader(spec.loader)\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "sys.modules['helper'] = module\n"
        "spec.loader.exec_module(module)\n"
    ),
    "replaced": "import helper\n",
    "asks too much": (
        "import helper, sys, types\n"
        "class Greedy(types.ModuleType):\n"
        "    def __getattr__(self, name):\n"
        "        raise RuntimeError(name)\n"
        "sys.modules['greedy'] = Greedy('greedy')\n"
        "sys.modules['nothing'] = None\n"
        "sys.modules['slots'] = type('Slots', (), {'__slots__': ()})()\n"
    ),
    "path made by the module": (
        "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), 'deeper', '..'))\nimport helper\n"
    ),
}


@EVERY_INTERPRETER
@pytest.mark.parametrize("kind", ODD)
def test_modules_of_any_kind_have_files(tmp_path: Path, executable: str, kind: str) -> None:
    """One that is loaded when it is used, one that puts an object in its place, those that answer any question with an error."""
    (tmp_path / "mine.py").write_text(ODD[kind] + "def work():\n    return 1\n")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "helper.py").write_text(
        "import sys\nclass Stand: pass\nsys.modules[__name__] = Stand()\n"
        if kind == "replaced"
        else "X = 1\n"
    )
    (tmp_path / "unused.py").write_text("")
    assert set(read(plan(tmp_path, executable=executable).conditions["sources"])) == {"helper.py", "mine.py"}


def test_a_link_is_followed(tmp_path: Path) -> None:
    """The file has the name of the link, and the content of what it leads to."""
    folder, apart = tmp_path / "typed", tmp_path / "apart"
    folder.mkdir()
    apart.mkdir()
    (folder / "mine.py").write_text("import helper\ndef work():\n    return 1\n")
    for name in ("one.py", "two.py"):
        (apart / name).write_text(f"# {name}\n")
    (folder / "helper.py").symlink_to(apart / "one.py")
    row = dict(plan(folder).conditions)
    (folder / "helper.py").unlink()
    (folder / "helper.py").symlink_to(apart / "two.py")
    assert told(row, plan(folder)) == ["helper.py changed"]


# --- while a sweep runs --------------------------------------------------------------------------------------

USES = "import helper\ndef work():\n    import late\n    return helper.X + late.X\n"


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """Return a folder with a function that imports a module, and another one when it is called."""
    for name, text in (("mine", USES), ("helper", "X = 1\n"), ("late", "X = 2\n")):
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


@pytest.mark.parametrize("name", ["helper", "late"])
def test_no_run_follows_an_edit_of_any_module(user: Path, name: str) -> None:
    """The refusal names the file; what only calls import is known after the first run."""
    planned = plan(user)
    assert host.execute(planned).status == "ok"
    (user / f"{name}.py").write_text("X = 3\n")
    with pytest.raises(PlanOutdated) as refused:
        host.execute(planned)
    assert str(refused.value) == (
        f"{user / name}.py changed after this sweep was planned, so the next run would measure something else; "
        "start the command again to plan with the current version"
    )


@pytest.mark.parametrize("edited", ["helper", "late"])
def test_a_run_in_which_a_module_changed_is_not_kept(user: Path, edited: str) -> None:
    """Its workers may have imported one version, and its parent the other."""
    planned = plan(user)
    assert host.execute(planned).status == "ok"
    edit = f"    from pathlib import Path\n    Path(__file__).with_name('{edited}.py').write_text('X = 3')\n"
    (user / "mine.py").write_text(USES.replace("    return", f"{edit}    return"))
    planned = plan(user, replace(source_of(plan(user)), later=source_of(planned).later))
    with pytest.raises(PlanOutdated, match=f"{edited}.py changed after"):
        host.execute(planned)


def test_a_module_that_was_made_for_one_run_is_no_source(tmp_path: Path) -> None:
    """A function may write modules, import them and remove them."""
    (tmp_path / "mine.py").write_text(
        "import sys, tempfile\nfrom pathlib import Path\n"
        "def work():\n"
        "    if 'made' not in sys.modules:\n"
        "        folder = tempfile.mkdtemp()\n"
        "        Path(folder, 'made.py').write_text('X = 1')\n"
        "        sys.path.append(folder)\n"
        "        import made, os\n"
        "        os.remove(made.__file__)\n"
    )
    planned = plan(tmp_path)
    for _ in range(2):
        row = dict(host.execute(planned).row)
        assert (row["status"], set(read(row["sources"]))) == ("ok", {"mine.py"})


# --- packages ------------------------------------------------------------------------------------------------


def install(folder: Path, name: str, version: str, text: str = "") -> None:
    """Install a package of one module, as pip leaves it."""
    about = folder / f"{name}-{version}.dist-info"
    about.mkdir(parents=True)
    (folder / f"{name}.py").write_text(f"{text}\n")
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "RECORD").write_text(f"{name}.py,,\n{about.name}/METADATA,,\n")


def upgrade(folder: Path, name: str, before: str, now: str | None) -> None:
    """Replace a version of a package, or remove it."""
    (folder / f"{name}-{before}.dist-info").rename(
        folder / f"~{name[1:]}-{before}.dist-info"
    )  # as pip may leave it
    (folder / f"{name}.py").unlink()
    if now:
        install(folder, name, now)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of packages: one that the function imports, one that its calls import, and one that nothing does."""
    folder = tmp_path / "lib" / "site-packages"
    for name in ("first", "second", "third"):
        install(folder, name, "1.0")
    (tmp_path / "mine.py").write_text("import first\ndef work():\n    import second\n    return 1\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


@EVERY_INTERPRETER
def test_another_version_of_a_package_is_told(tmp_path: Path, site: Path, executable: str) -> None:
    """Of those that the function or its calls import, not of others; their files are no sources."""
    row = dict(host.execute(plan(tmp_path, executable=executable)).row)
    assert (row["status"], set(read(row["sources"]))) == ("ok", {"mine.py"})
    assert {"first 1.0", "second 1.0"} <= set(row["packages"].splitlines())  # a start may import others
    assert "third" not in row["packages"]
    assert told(row, plan(tmp_path, executable=executable)) == []
    upgrade(site, "third", "1.0", "2.0")
    assert told(row, plan(tmp_path, executable=executable)) == []
    upgrade(site, "second", "1.0", "2.0")
    assert told(row, plan(tmp_path, executable=executable)) == ["second 1.0, now 2.0"]
    upgrade(site, "first", "1.0", "1.1")
    assert told(row, plan(tmp_path, executable=executable)) == ["first 1.0, now 1.1, second 1.0, now 2.0"]
    upgrade(site, "second", "2.0", None)
    assert told(row, plan(tmp_path, executable=executable)) == ["first 1.0, now 1.1, second 1.0, now none"]


def test_no_run_is_kept_that_imported_another_version_than_was_planned(tmp_path: Path, site: Path) -> None:
    """A package that was upgraded while the sweep runs ends it."""
    planned = plan(tmp_path)
    upgrade(site, "first", "1.0", "2.0")
    with pytest.raises(PlanOutdated) as refused:
        host.execute(planned)
    assert str(refused.value) == (
        "first 1.0, now 2.0 since this sweep was planned; start the command again to plan with the current version"
    )


# --- as a user -----------------------------------------------------------------------------------------------

SHORT = ("model=thread", "rounds=1", "tasks=4", "measure.max_time=50ms", "progress=quiet", "sweep=mine")


def test_an_edited_helper_stops_a_sweep_and_the_summary_names_it_if_it_is_kept(
    user: Path, command_here: Command, command: Command
) -> None:
    """It is named where the sweep stops, by a new process that never saw the former one, where rounds of both versions are summed up, and where sides are compared."""
    arguments = (*SHORT, "workload=function", "workload.target=mine:work")
    assert command_here(*arguments).returncode == 0
    (user / "helper.py").write_text("X = 3\n")
    refused = command(*arguments)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "(source of the function: helper.py changed (1 run)); measure them again with" in refused.stderr
    assert command_here(*changed(arguments, "rounds=2", "on_change=keep")).returncode == 0
    summary = command_here("outputs/mine", program="analysis")
    assert "helper.py" in summary.stdout + summary.stderr
    assert command_here(*changed(arguments, "sweep=other")).returncode == 0
    mixed = command_here("compare", "outputs/mine", "outputs/other", program="breakeven")
    assert mixed.returncode == 2
    assert "  sources: helper.py: 2 versions in A, 1 version in B\n" in mixed.stderr
