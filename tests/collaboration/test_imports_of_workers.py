"""What the workers and the scripts of tests import: no more than they need, since hundreds of tests wait for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from breakeven.runner.cell.workloads._abc import Task
from tests import commands
from tests.crews import EVERY_MODEL, Mechanism, crew_of
from tests.tasks import Sample

LISTS = "import sys; before = {*sys.modules}; import %s; print(*{*sys.modules} - before)"


def imported(module: str) -> set[str]:
    """Return all modules that an interpreter loads to import one."""
    done = commands.run(commands.script(LISTS % module))
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


class Far(Sample):
    """Lies in a module that imports pytest and every model."""

    def open(self) -> Task:
        """Return the task."""
        raise NotImplementedError("no worker may have it")


def test_tasks_come_with_the_measured_side_alone() -> None:
    """With what a worker has imported anyway, and the standard library."""
    found = imported("tests.tasks")
    assert {name.partition(".")[0] for name in found} - sys.stdlib_module_names == {"breakeven", "tests"}
    ours = {name for name in found if name.startswith("breakeven.runner.")}
    assert {name.split(".")[2] for name in ours} == {"cell"}


@pytest.mark.parametrize("module", ["tests.samples", "tests.collaboration.host_runs"])
def test_scripts_come_without_what_only_tests_need(module: str) -> None:
    """A script of a test carries out runs; it looks at no mechanism, and tests nothing."""
    assert not {"pytest", "hypothesis", "pandas", "hydra", "tests.crews"} & imported(module)


@pytest.mark.parametrize("mechanism", [one for one in EVERY_MODEL if one.imports], ids=str)
def test_no_worker_is_sent_what_takes_long_to_import(mechanism: Mechanism, tmp_path: Path) -> None:
    """The crew refuses it, and says where it belongs."""
    with pytest.raises(AssertionError, match=r"to find Far: move it to tests/tasks\.py"):
        crew_of(mechanism, tmp_path)(Far()).__enter__()
