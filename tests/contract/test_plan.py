"""From configurations to runs: composed as Hydra would, checked, collapsed, put in order."""

from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.errors import BadValue, UnknownChoice
from breakeven.runner.config.cell import Cell, parse
from breakeven.runner.engines import KINDS
from breakeven.runner.errors import FunctionUnusable, InterpreterUnusable
from breakeven.runner.planning import cells, sources
from breakeven.runner.planning.cells import fingerprint
from breakeven.runner.planning.conditions import digest
from breakeven.runner.planning.interpreters import Interpreter, Start
from breakeven.runner.planning.plan import Plan, make_plan
from breakeven.runner.planning.request import Origin, Request
from breakeven.runner.planning.run import Source
from tests.fakes import plain, request

NOW = datetime(2026, 1, 31, 14, 5, 9, tzinfo=UTC)


class Host:
    """Counts what is asked of the machine before anything runs."""

    def __init__(self) -> None:
        self.interpreters: list[str] = []
        self.functions: list[tuple[str, str]] = []

    def find_interpreter(self, asked: str, start: Start) -> Interpreter:
        """Know every interpreter but python0."""
        del start
        self.interpreters.append(asked)
        if asked == "python0":
            raise InterpreterUnusable("interpreter python0 is too old")
        return Interpreter(f"/bin/{asked or 'python'}", "3.11.0", "cpython", "GCC", gil_enabled=True)

    def check_function(self, executable: str, options: dict[str, Any], path: Path, *others: Any) -> Source:
        """Know every function but those of a module called nowhere."""
        del others
        self.functions.append((executable, options["target"]))
        if options["target"].startswith("nowhere:"):
            raise FunctionUnusable("nowhere:f cannot be imported")
        return Source(folder=str(path), digest="d", files=(), hashes=(), packages=(), commit=None, dirty=None)


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """Stand in for the machine: starting interpreters is what other tests do."""
    host = Host()
    monkeypatch.setattr(cells, "find_interpreter", host.find_interpreter)
    monkeypatch.setattr(sources, "check_function", host.check_function)
    return host


def _plan(*requests: Request, folder: Path = Path("/work")) -> Plan:
    return make_plan(requests, Origin(folder, NOW), KINDS)


# --- identity and order ----------------------------------------------------------------------------------


def test_a_plan_has_every_cell_once_in_every_round() -> None:
    """Blocks are complete, and positions count from 0."""
    plan = _plan(*(request(workers=workers, rounds=3) for workers in (1, 2, 3, 4)))
    assert [run.order for run in plan.runs] == list(range(12))
    for round_ in range(3):
        block = plan.runs[4 * round_ : 4 * round_ + 4]
        assert {run.round for run in block} == {round_}
        assert {run.cell.workers for run in block} == {1, 2, 3, 4}


def test_the_order_is_random_and_repeatable() -> None:
    """The same seed gives the same order, another one another."""
    orders = [
        [run.cell.workers for run in _plan(*(request(workers=w, seed=seed) for w in range(1, 30))).runs]
        for seed in (1, 1, 2)
    ]
    assert orders[0] == orders[1] != orders[2]
    assert orders[0][:29] != sorted(orders[0][:29])
    assert orders[0][:29] != orders[0][29:58]


def test_configurations_that_are_one_measurement_collapse() -> None:
    """One cell remains, with the most rounds that any of them asked for."""
    plan = _plan(
        request(window="1s", rounds=1), request(window="2s", rounds=2), request(window="3s", rounds=1)
    )
    assert (len(plan.runs), plan.collapsed, {run.round for run in plan.runs}) == (2, 2, {0, 1})


def test_a_cell_that_cannot_exist_is_set_apart_with_its_reason() -> None:
    """It has one row to be stored, after the runs, and does not stop the others."""
    plan = _plan(request(rounds=3), request("ipc=reference", rounds=3))
    ((run, reason),) = plan.incompatible
    assert (run.cell.ipc, run.round, run.order) == ("reference", 0, 3)
    assert "reference" in reason
    assert {run.cell.ipc for run in plan.runs} == {"queue"}


def test_the_fingerprint_is_of_every_field() -> None:
    """A change of any field of a cell but its time limit, or of the engine, gives another one."""
    cell = parse(plain())
    names = {field.name for field in fields(Cell)} - {"time_limit_ns"}
    others = [replace(cell, **{name: object_like(getattr(cell, name))}) for name in names]
    found = [
        fingerprint(cell, "local"),
        fingerprint(cell, "debug"),
        *(fingerprint(o, "local") for o in others),
    ]
    assert len(set(found)) == len(found)
    assert all(len(one) == 16 for one in found)
    assert fingerprint(cell, "local") == fingerprint(parse(plain()), "local")
    assert fingerprint(cell, "local") == fingerprint(replace(cell, time_limit_ns=1), "local")


def test_cells_from_before_there_was_an_environment_keep_their_identity() -> None:
    """What is not set is not part of the hash: their sweeps can be resumed."""
    asked = asdict(parse(plain()))
    for name in (
        "time_limit_ns",
        "environment",
        "interpreter_flags",
        "longest_trial_ns",
        "take",
        "switch_interval_ns",
        "gc",
    ):
        del asked[name]
    del asked["measure"]["fewest"]
    asked |= {"model_options": {}, "ipc_options": {}}  # model=process and its queue had no knobs
    assert fingerprint(parse(plain()), "local") == digest({**asked, "engine": "local"})


def object_like(value: Any) -> Any:
    """Return another value of the same kind."""
    if value is None:
        return "x"
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, dict):
        return value | {"x": 1}
    if isinstance(value, tuple):
        return (*value, "x")
    return replace(value, warmup=value.warmup + 1)


def test_a_run_says_where_it_came_from(tmp_path: Path) -> None:
    """The resolved configuration as YAML, the overrides, the folders and the executable travel with it."""
    plan = _plan(request("workers=3", sweep="mine"), folder=tmp_path)
    run = plan.runs[0]
    assert (plan.sweep, run.path, run.executable) == (tmp_path / "outputs" / "mine", tmp_path, "/bin/python")
    assert run.overrides == ("workers=3",)
    assert run.config["payload_out"] == "1KiB"


# --- what is refused -------------------------------------------------------------------------------------


def test_every_interpreter_and_function_is_tried_once(host: Host) -> None:
    """However many cells there are, the machine is asked once for each distinct thing."""
    target = ("workload=function", "workload.target=math:sqrt")
    _plan(*(request(*target, workers=w) for w in (1, 2)), request(*target, "interpreter.path=python9"))
    assert host.interpreters == ["", "python9"]
    assert host.functions == [("/bin/python", "math:sqrt"), ("/bin/python9", "math:sqrt")]


def test_an_unusable_interpreter_is_refused() -> None:
    """What the host says of it is raised."""
    with pytest.raises(InterpreterUnusable, match="too old"):
        _plan(request("interpreter.path=python0"))


def test_an_unusable_function_is_refused() -> None:
    """What the host says of it is raised."""
    with pytest.raises(FunctionUnusable, match="cannot be imported"):
        _plan(request("workload=function", "workload.target=nowhere:f"))


@pytest.mark.parametrize("key", ["sweep", "outputs"])
def test_a_sweep_has_one_of_what_is_its_own(key: str) -> None:
    """Cells cannot differ in where they are stored."""
    with pytest.raises(BadValue) as refusal:
        _plan(request(**{key: "a"}), request(**{key: "b"}))
    assert (
        str(refusal.value)
        == f"{key}: a sweep has one {key}, not several; choose one, and start another sweep for the other"
    )


def test_an_engine_that_is_not_known() -> None:
    """The engines are listed."""
    with pytest.raises(UnknownChoice) as refusal:
        _plan(request(engine={"name": "nomad"}))
    assert str(refusal.value) == f"engine=nomad: no such choice; choose one of {', '.join(KINDS)}"


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]))
    | st.sampled_from(["", ".x", "..", "a/b", "../up", "/", "latest", "Latest", "a.b", "a b", "x'y", "a=b"])
)
def test_a_name_is_accepted_unless_the_refusal_says_otherwise(name: str) -> None:
    """A sweep is one folder below the outputs, and none that is hidden or the link to the newest one."""
    if name and "/" not in name and name[0] != "." and name != "latest":
        assert _plan(request(sweep=name)).sweep == Path("/work", "outputs", name)
        return
    with pytest.raises(BadValue) as refusal:
        _plan(request(sweep=name))
    assert str(refusal.value) == (
        f"sweep={name}: not a name for a results folder; choose one without a slash, without a dot in front, and other than latest "
        "(outputs=FOLDER sets where that folder is)"
    )


def test_a_sweep_without_a_name_is_called_by_the_time(tmp_path: Path) -> None:
    """A second one in the same second does not fall into the first."""
    first = _plan(request(), folder=tmp_path).sweep
    first.mkdir(parents=True)
    second = _plan(request(), folder=tmp_path).sweep
    assert (first.name, second.name) == ("2026-01-31_14-05-09", "2026-01-31_14-05-09-2")
