"""What real commands import: no file under two names, nothing heavy that they do not need."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHORT = ("rounds=1", "tasks=4", "task=200us", "measure.min_trials=2", "measure.max_time=50ms")
NUMBERS = {"pandas", "numpy", "scipy", "matplotlib", "seaborn"}
HEAVY = NUMBERS | {"pyarrow", "rich"}
HYDRA = {"hydra", "omegaconf"}
DRAWING = {"matplotlib", "vl_convert"}
COMPARE = ("compare", "model=thread", "model=process")
LISTING = '''
"""Write down at the end what this process has imported: name, file, and which module object it is."""
import atexit, json, os, sys

@atexit.register
def _list():
    files = {name: (getattr(module, "__file__", None), id(module)) for name, module in [*sys.modules.items()]}
    with open(os.path.join(os.environ["LISTINGS"], f"{os.getpid()}.json"), "w") as file:
        json.dump(files, file)
'''


class Typed:
    """Types commands in ``folder``, and tells what their processes imported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "here"
        self.listings = folder / "listings"
        self.hook = folder / "hook"
        for made in (self.folder, self.listings, self.hook):
            made.mkdir()
        (self.hook / "sitecustomize.py").write_text(LISTING)

    def __call__(
        self, *command: str, code: int = 0, cwd: Path | None = None
    ) -> list[dict[str, tuple[str, int]]]:
        """Run ``python COMMAND`` and return the modules of each process, by name."""
        for file in self.listings.iterdir():
            file.unlink()
        path = os.pathsep.join([str(self.hook), str(ROOT)])
        done = subprocess.run(
            [sys.executable, *command],
            cwd=cwd or self.folder,
            env=os.environ | {"PYTHONPATH": path, "LISTINGS": str(self.listings)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        found = [json.loads(file.read_text()) for file in self.listings.iterdir()]
        assert found
        return found


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Typed:
    """Return what types commands; one sweep is there already."""
    made = Typed(tmp_path_factory.mktemp("imports"))
    made("-m", "breakeven", "run", "-m", "model=thread,process", *SHORT, "sweep=mine")
    return made


def _under_two_names(modules: dict[str, tuple[str, int]]) -> list[list[str]]:
    """Return the names of modules that were made of one of our files more than once."""
    by_file: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, (file, identity) in modules.items():
        real = Path(os.path.realpath(file or ""))
        if file is not None and real.is_relative_to(ROOT) and "site-packages" not in real.parts:
            by_file[os.path.realpath(file)][identity].append(name)
    return [[name for names in ids.values() for name in names] for ids in by_file.values() if len(ids) > 1]


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "runner", "model=process", "model.start_method=spawn", *SHORT),
        ("-m", "runner", "engine=debug", "model=process", "model.start_method=spawn", *SHORT),
        ("-m", "breakeven", "engine=debug", "model=thread", *SHORT),
        ("-m", "breakeven", "run", "workload=sleep", "dry_run=true"),
        ("-m", "breakeven", "show", "outputs/mine", "--no-figures"),
        ("-m", "breakeven", "compare", "model=thread", "model=process", "--in", "outputs/mine"),
        ("-m", "analysis", "outputs/mine", "--only", "scaling", "--format", "svg"),
        ("-m", "runner.status", "outputs/mine"),
        ("-c", "import sys; from breakeven.command import main; sys.exit(main(['status', 'outputs/mine']))"),
    ],
    ids=" ".join,
)
def test_no_file_is_loaded_under_two_names(typed: Typed, command: tuple[str, ...]) -> None:
    """Neither through a door, whose module is `__main__`, nor through the links in breakeven/."""
    for modules in typed(*command):
        assert _under_two_names(modules) == []
        assert not [name for name in modules if name in {"analysis.show", "runner.hydra_app", "runner.cell"}]


def test_a_clone_finds_itself_and_another_does_not(typed: Typed, tmp_path: Path) -> None:
    """In a clone its own files are run, wherever else breakeven is installed."""
    other = tmp_path / "clone"
    for name in ("breakeven", "runner", "analysis", "conf", "hydra_plugins"):
        shutil.copytree(ROOT / name, other / name, symlinks=True)
    for door in (
        ("breakeven", "--version"),
        ("runner", "--version"),
        ("analysis", "--help"),
        ("runner.status", "--help"),
    ):
        (modules,) = typed("-m", *door, cwd=other)
        assert modules["breakeven"][0].startswith(str(other))


@pytest.mark.parametrize(
    ("arguments", "code", "without"),
    [
        ((), 0, HEAVY | HYDRA),
        (("--help",), 0, HEAVY | HYDRA),
        (("--version",), 0, HEAVY | HYDRA),
        (("sohw",), 2, HEAVY | HYDRA),
        (("conf", "--help"), 0, HEAVY | HYDRA),
        (("status", "outputs/mine"), 0, HYDRA | {"pandas", "scipy", "matplotlib"}),
        (("workrs=2",), 2, HEAVY),
        (("model=threads",), 2, HEAVY),
        (("payload=10",), 2, HEAVY),
        (("dry_run=true",), 0, HEAVY),
        (("+experiment=tour", "dry_run=true"), 0, HEAVY),
        (
            ("-m", "model=thread,process", *SHORT, "sweep=mine", "dry_run=true"),
            0,
            {"pandas", "scipy", "matplotlib"},
        ),
        (("progress=quiet", *SHORT), 0, DRAWING),  # the verdicts that it leaves need the rest
        (("show", "outputs/mine", "--no-figures"), 0, HYDRA),
        ((*COMPARE, "--in", "outputs/mine"), 0, HYDRA | DRAWING),
        ((*COMPARE, "--in", "outputs/mine", "--page", "page.html"), 0, HYDRA | {"matplotlib"}),
        (("claims", "outputs/mine"), 0, HYDRA | DRAWING),
    ],
    ids=lambda value: (
        str(value) if isinstance(value, tuple) else None
    ),  # the order of a set is not the next one's
)
def test_a_command_imports_only_what_it_needs(
    typed: Typed, arguments: tuple[str, ...], code: int, without: set[str]
) -> None:
    """A plan reads no tables; a sweep draws nothing; only what reads stored runs loads Parquet."""
    for modules in typed("-m", "breakeven", *arguments, code=code):
        assert without & modules.keys() == set()


def test_the_library_alone_imports_nothing(typed: Typed) -> None:
    """A notebook pays for what it uses, when it uses it."""
    (modules,) = typed("-c", "import breakeven; dir(breakeven)")
    assert {name for name in modules if name.startswith("breakeven")} == {"breakeven"}
    assert (HEAVY | HYDRA) & modules.keys() == set()
