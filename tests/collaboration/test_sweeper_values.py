"""Values in a sweeper's YAML: references to knobs mean what they mean on the command line, texts are as written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakeven.base.errors import BadValue
from breakeven.base.exit_codes import ALL_DONE
from breakeven.runner.hydra_app.command import compose_and_run
from breakeven.runner.hydra_app.task import Application
from breakeven.runner.planning.request import Launch
from tests.examples import at_most

Grid = Mapping[str, Sequence[str]]


@dataclass
class Caught(Application):
    """Keeps the launch that it should carry out."""

    launch: Launch | None = None

    def carry_out(self, launch: Launch) -> int:
        """Keep it."""
        self.called, self.launch = True, launch
        return ALL_DONE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one of the user's own files."""
    made = tmp_path_factory.mktemp("user")
    (made / "conf" / "experiment").mkdir(parents=True)
    return made


def launched(*arguments: str) -> Launch:
    """Return what Hydra hands over for a command."""
    application = Caught()
    compose_and_run(application, arguments)
    assert application.launch is not None
    return application.launch


def cells(*arguments: str) -> list[str]:
    """Return the configurations of all cells of a command, in an order of their own; variables are texts."""
    plains = [request.plain for request in launched(*arguments).requests]
    variables = [{name: str(value) for name, value in plain["environment"].items()} for plain in plains]
    both = zip(plains, variables, strict=True)
    return sorted(json.dumps(plain | {"environment": texts}, sort_keys=True) for plain, texts in both)


def write(folder: Path, sweeper: Mapping[str, Any]) -> str:
    """Write an experiment with that sweeper, and return what chooses it."""
    text = yaml.safe_dump({"hydra": {"sweeper": dict(sweeper)}}, sort_keys=False, allow_unicode=True)
    Path(folder, "conf", "experiment", "mine.yaml").write_text(f"# @package _global_\n{text}")
    return "+experiment=mine"


VALUES = {
    "workers": ["1", "2", "3", "${breakeven.cpus:}"],
    "payload": ["0", "1KiB", "2KiB"],
    "tasks": ["8", "auto", "${workers}", "1${workers}"],
    "payload_out": ["0", "${payload}", "3KiB"],
    "task": ["1ms", "${workers}ms", "${trial}"],
    "label": ["a", "x${workers}", "${payload}", "${tasks} of ${workers}", "${oc.env:USER,nobody}", "$1"],
    "environment.N": ["1", "01", "${workers}", "${breakeven.cpus:2}", "${label}"],
}


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Draw up to four axes of up to two values each."""
    keys = draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=4, unique=True))
    return {
        key: draw(st.lists(st.sampled_from(VALUES[key]), min_size=1, max_size=2, unique=True)) for key in keys
    }


def _in_file(grid: Grid, places: Mapping[str, str], lists: bool) -> dict[str, Any]:
    """Return the sweeper of a file that says the same as a typed grid, each axis in a place of its own."""

    def those(place: str) -> dict[str, Any]:
        found = {key: values for key, values in grid.items() if places[key] == place}
        return {key: list(values) if lists else ",".join(values) for key, values in found.items()}

    zipped = [{key: value} for key, value in those("zip").items()]
    own = [{key: value} for key, value in those("zip of a grid").items()]
    inner = those("grids") | ({"zip": own} if own else {})
    return {"params": those("params"), "zip": zipped, "grids": [inner] if inner else []}


@settings(at_most(8), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data(), grids(), st.booleans())
def test_a_grid_of_a_file_is_the_same_grid_typed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, data: st.DataObject, grid: Grid, lists: bool
) -> None:
    """Wherever in the file an axis stands: each cell has the same value of each knob."""
    monkeypatch.chdir(folder)
    place = st.sampled_from(["params", "zip", "grids", "zip of a grid"])
    chosen = write(folder, _in_file(grid, {key: data.draw(place) for key in grid}, lists))
    assert cells(chosen) == cells("-m", *(f"{key}={','.join(values)}" for key, values in grid.items()))


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: "${" not in text)


@settings(at_most(6), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(TEXTS | st.sampled_from(["[a] b", "{a", "null", "'q'", "range(1,3)", "a,b"]), min_size=2))
def test_a_text_in_a_list_of_a_file_arrives_as_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, texts: list[str]
) -> None:
    """From YAML through Hydra to each cell."""
    monkeypatch.chdir(folder)
    chosen = write(folder, {"params": {"label": texts}})
    assert [request.plain["label"] for request in launched(chosen).requests] == texts


@pytest.mark.parametrize("kind", ["race", "bisect"])
def test_a_grid_of_a_search_is_the_same_grid_typed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The candidates of a race and the lines of a bisection, too."""
    monkeypatch.chdir(folder)
    chosen = write(folder, {"params": {"workers": "1,2,4", "tasks": "${workers}"}})
    found = cells(f"hydra/sweeper={kind}", chosen)
    assert found == cells(f"hydra/sweeper={kind}", "workers=1,2,4", "tasks=${workers}")
    assert {json.loads(cell)["workers"] - json.loads(cell)["tasks"] for cell in found} == {0}


def test_a_cell_is_named_as_typed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference gets no backslashes, whether it was typed or written to a file; a literal one keeps its own."""
    monkeypatch.chdir(folder)
    values = "0,${payload},'a ${payload}'"
    named = ["payload_out=0", "payload_out=${payload}", "payload_out='a ${payload}'"]
    for arguments in ([f"payload_out={values}"], [write(folder, {"params": {"payload_out": values}})]):
        found = [request.overrides for request in launched(*arguments).requests]
        assert [one[-1] if one[-1].startswith("payload") else one[0] for one in found] == named
    chosen = write(folder, {"params": {"label": [r"\${payload}", "b"]}})
    assert [request.plain["label"] for request in launched(chosen).requests] == ["${payload}", "b"]


@pytest.mark.parametrize(
    ("kind", "setting", "shown"),
    [
        ("race", {"regret": "${precision}"}, "regret: ${precision}"),
        ("race", {"structure": "${label}"}, "structure: ${label}"),
        ("bisect", {"between": ["10us", "${task}"]}, "between: ${task}"),
        ("bisect", {"most": "${rounds}"}, "most: ${rounds}"),
        ("breakeven", {"max_batch_size": "${oc.select:workers}"}, "max_batch_size: ${oc.select:workers}"),
    ],
)
def test_a_setting_of_the_whole_sweep_refers_to_no_knob(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, setting: dict[str, Any], shown: str
) -> None:
    """Which cell's value it should take is not known."""
    monkeypatch.chdir(folder)
    chosen = write(folder, {"params": {"model": "thread,process"}, **setting})
    with pytest.raises(BadValue) as refusal:
        launched(f"hydra/sweeper={kind}", chosen)
    assert str(refusal.value) == (
        f"hydra.sweeper.{shown} may differ from cell to cell, and a sweep has one {next(iter(setting))}; write the value itself"
    )


@pytest.mark.parametrize(
    "places",
    [
        {"params": {"workers": "1,2", "tasks": "REFERENCE"}},
        {"params": {"workers": "1,2"}, "exclude": [{"tasks": "REFERENCE"}]},
        {"params": {"workers": "1,2"}, "only": [{"label": "a REFERENCE"}]},
    ],
    ids=["params", "exclude", "only"],
)
@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("${workrs}", "${workrs}: there is no workrs; name a knob that exists, such as ${payload}"),
        (
            "${oc.env:NIX}",
            "the environment has no NIX; set it, or write ${oc.env:NIX,VALUE} for a default",
        ),
    ],
)
def test_a_reference_to_nothing_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, places: dict[str, Any], reference: str, said: str
) -> None:
    """With what to write instead, wherever in a file it stands."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("NIX", raising=False)
    chosen = write(folder, json.loads(json.dumps(places).replace("REFERENCE", reference)))
    with pytest.raises(BadValue) as refusal:
        launched(chosen)
    assert str(refusal.value) == said
