"""What all tests share."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from breakeven.runner.locks.machine import FOLDER
from breakeven.runner.sweep.signals import SIGNALS
from tests import commands, machines
from tests.commands import Command, Completed
from tests.crews import MECHANISMS, Mechanism, StartCrew, crew_of

_SLOWEST = 20
settings.register_profile(  # how long an example takes, or its data, says how busy the machine is
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("quick", settings.get_profile("untimed"), max_examples=25)  # of test-contract
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    """Let continuous integration print the tests that took longest, and give this session a lock of its own."""
    if os.environ.get("CI") and config.option.durations is None:
        config.option.durations = _SLOWEST
    folder = tempfile.mkdtemp(prefix="breakeven-tests-")
    config.add_cleanup(lambda: shutil.rmtree(folder))
    os.environ[FOLDER] = folder  # no test waits for a sweep that somebody else measures here


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Refuse parameters that come from a set: every process has them in another order, and names tests otherwise."""
    for marker in metafunc.definition.iter_markers("parametrize"):
        if isinstance(marker.args[1], AbstractSet):
            raise pytest.UsageError(f"{metafunc.definition.nodeid}: sort the values of {marker.args[0]}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse the text of a set in the name of a test, for the same reason; keep what is imported from the collector."""
    for item in items:
        values = (
            item.callspec.params.values()
            if isinstance(item, pytest.Function) and hasattr(item, "callspec")
            else ()
        )
        if any(
            isinstance(value, AbstractSet) and len(value) > 1 and str(value) in item.name for value in values
        ):
            raise pytest.UsageError(f"{item.nodeid}: name it by something else than a set")
        _refuse_timed(item)
    gc.freeze()  # a million objects of packages, which each full collection would look through again


def _refuse_timed(item: pytest.Item) -> None:
    """Refuse settings of a test of its own that would fail it because the machine is busy."""
    own: settings | None = getattr(getattr(item, "obj", None), "_hypothesis_internal_use_settings", None)
    if own and (own.deadline is not None or HealthCheck.too_slow not in own.suppress_health_check):
        raise pytest.UsageError(f"{item.nodeid}: suppress HealthCheck.too_slow, and set no deadline")


@pytest.fixture(autouse=True)
def called_as_breakeven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let suggested commands start with ``breakeven``, as if the shell had found the script."""
    monkeypatch.setattr("sys.argv", ["breakeven"])


@pytest.fixture(autouse=True)
def search_path_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test find the modules of another: a run in this process adds the user's folder to the search path."""
    monkeypatch.setattr("sys.path", [*sys.path])


@pytest.fixture(autouse=True)
def modules_as_before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Forget the modules that a test wrote and imported: the next may write another of the same name."""
    with commands.modules_forgotten(tmp_path_factory.getbasetemp()):
        yield


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    """Fail a test that leaves signals handled or blocked otherwise: what later tests start would inherit it."""
    before = _signals()
    yield
    after = _signals()
    for number, handler in before[0].items():
        signal.signal(number, handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, before[1])
    assert after == before


def _signals() -> tuple[dict[signal.Signals, Any], set[int]]:
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    return handlers, signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Type a command in the test's folder, far from the source tree."""

    def run(*arguments: str, program: str = "runner", **environment: str) -> Completed:
        return commands.run(commands.module(program, *arguments), tmp_path, environment)

    return run


@pytest.fixture
def command_here(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Command:
    """Type a command as `command` does, but in this process: two seconds less, and measured processes all the same."""

    def run(*arguments: str, program: str = "runner", **environment: str) -> Completed:
        return commands.run_here(capfd, program, *arguments, folder=tmp_path, added=environment)

    return run


@pytest.fixture(params=MECHANISMS, ids=str)
def mechanism(request: pytest.FixtureRequest) -> Mechanism:
    """Return each mechanism there is: what is registered is tested. A module that tests one family asks for fewer."""
    found: Mechanism = request.param
    return found


@pytest.fixture
def crew(mechanism: Mechanism, tmp_path: Path) -> StartCrew:
    """Return what starts workers of the mechanism."""
    return crew_of(mechanism, tmp_path)


@pytest.fixture
def executable(request: pytest.FixtureRequest) -> str:
    """Return the interpreter whose name is the parameter; the test is skipped if it is not here."""
    return machines.named(request.param)
