"""What members need of the interpreter that is measured, and what is said where it is missing."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from breakeven.runner.cell import channels
from breakeven.runner.cell.channels.queue import Queue
from breakeven.runner.cell.families import FAMILIES, NOTHING
from breakeven.runner.cell.member import Lack, Member, Requirement
from breakeven.runner.cell.question import Asked
from breakeven.runner.planning.interpreters import find_interpreter, what_lacks
from breakeven.runner.planning.members import Members
from tests.crews import LACKING, Mechanism
from tests.samples import cell

MEMBERS = [(family, name) for family, module in FAMILIES.items() for name in module.REGISTRY]


@pytest.mark.parametrize(("family", "name"), MEMBERS)
def test_a_member_is_declared_in_whole(family: str, name: str) -> None:
    """Defaults are of knobs that it has, a requirement names an extra, and a lack has a remedy."""
    found: Any = FAMILIES[family]
    declared = found.load(name)
    assert set(declared.DEFAULTS) <= set(declared.OPTIONS)
    assert all(required.extra and required.package for required in declared.REQUIRES)
    asks = any("lacks" in vars(kind) for kind in declared.__mro__ if kind is not Member)
    assert declared.may_lack() == bool(declared.REQUIRES or declared.SINCE > (3, 9) or asks)


@pytest.mark.parametrize("mechanism", LACKING, ids=str)
def test_what_is_missing_here_can_be_had(mechanism: Mechanism) -> None:
    """A mechanism that cannot be tested here says what to install, or which interpreter has it."""
    lack = LACKING[mechanism][0]
    assert lack.package or lack.remedy
    remedy = f"pip install 'breakeven[{lack.extra}]'" if lack.package else lack.remedy
    pytest.skip(f"needs {lack.what}: {remedy}")


class _NeedsPackage(Queue):
    REQUIRES = (Requirement("no_such_module", "no-such>=2", "no-such"),)


class _NeedsSubmodule(Queue):
    REQUIRES = (Requirement("no_such_module.part", "no-such>=2", "no-such"),)


class _NeedsPython(Queue):
    SINCE = (99, 1)


class _Needs(Queue):
    REQUIRES = (Requirement("json", "json", "json"),)


@pytest.mark.parametrize(
    ("kind", "lack"),
    [
        (_NeedsPackage, Lack("the package no-such>=2", "", "no-such>=2", "no-such")),
        (_NeedsSubmodule, Lack("the package no-such>=2", "", "no-such>=2", "no-such")),
        (_NeedsPython, Lack("Python >= 99.1", "choose one with interpreter=python99.1")),
        (_Needs, None),
        (Queue, None),
    ],
)
def test_a_member_knows_what_is_missing(kind: type[Queue], lack: Lack | None) -> None:
    """A package, also one within a package, and a Python that is too old."""
    assert kind.lacks({}) == lack


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (_NeedsPackage, "not installed: pip install 'breakeven[no-such]'"),
        (_NeedsPython, "lacks; choose one with interpreter=python99.1"),
        (_Needs, None),
    ],
)
def test_a_cell_whose_member_lacks_something_is_incompatible(
    monkeypatch: pytest.MonkeyPatch, kind: type[Queue], reason: str | None
) -> None:
    """The reason names the member and ends with the command or the choice that mends it."""
    monkeypatch.setattr(channels, "load", lambda _: kind)
    wanted = cell(ipc="queue", interpreter="current")
    found = Members([wanted]).why_not(wanted, find_interpreter(""))
    assert (found is None) == (reason is None)
    assert found is None or (found.startswith("ipc=queue needs ") and found.endswith(str(reason)))


def test_another_interpreter_is_asked() -> None:
    """A process of the interpreter answers for each member, in order."""
    members = tuple(Asked(family, name, {}) for family, name in (("ipc", "queue"), ("model", "thread")))
    assert what_lacks(sys.executable, members) == (NOTHING, NOTHING)
