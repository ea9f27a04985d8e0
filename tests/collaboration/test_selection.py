"""The language of selections: factors as they are typed, several values, functions by their short names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from breakeven.analysis.comparing import compare
from breakeven.analysis.comparing.select import open_side
from breakeven.base.errors import BadInput
from tests.analysis_samples import Sample
from tests.compared import FASTER, SLOWER

_CONFIG = (
    "payload: {payload}\nworkload: {{name: function, target: '{target}', make_input: m:i, args: {args}}}\n"
)


def _called(target: str, payload: int = 4096, args: str = "[1, [2, 3]]") -> dict[str, Any]:
    """Return the columns of a run that calls a function of the user's, whose payload crossed with a few bytes less."""
    asked = {"payload_asked_bytes": payload, "payload_bytes": payload - 8}
    config = _CONFIG.format(payload=f"{payload}B", target=target, args=args)
    return {"workload": "function", "function": target, "config": config, "task_ns": None} | asked


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sample:
    """Return the sweep outputs/a below the current folder."""
    monkeypatch.chdir(tmp_path)
    return Sample(tmp_path / "outputs" / "a")


_ROWS = (
    _called("photos:resize"),
    _called("photos:blur", payload=2**20),
    _called("videos:blur"),
    _called("photos:Image.turn", args="[4]"),
    {"payload_bytes": 4096},
)


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        ("payload=4KiB", [0, 2, 3, 4]),
        ("payload=4KiB,1MiB", [0, 1, 2, 3, 4]),
        ("payload_bytes=4088", [0, 2, 3]),
        ("function=photos:resize", [0]),
        ("function=resize", [0]),
        ("function=resize,photos:blur", [0, 1]),
        ("function=Image.turn,workload=function", [3]),
        ("function=null", [4]),
        ("workload.target=resize,payload=4KiB", [0]),
        ("workload.args=[1, [2, 3]],payload=4KiB", [0, 2]),
    ],
)
def test_cells_are_selected_by_function_and_by_what_was_asked(
    sample: Sample, selection: str, selected: list[int]
) -> None:
    """Several values are alternatives; a function needs its module only if two modules have one of that name."""
    cells = [sample.add_rounds(SLOWER, **row) for row in _ROWS]
    assert set(open_side("A", selection, sample.path).runs["cell_id"]) == {cells[place] for place in selected}


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (
            "function=blur",
            "function=blur: there are photos:blur and videos:blur; name one with its module",
        ),
        (
            "function=resiz",
            (
                "A: outputs/a has no cell with function=resiz (did you mean resize?); its values of function are "
                "null, photos:Image.turn, photos:blur, photos:resize, videos:blur"
            ),
        ),
        (
            "function=resize,turn",
            (
                "A: outputs/a has no cell with function=turn; its values of function are "
                "null, photos:Image.turn, photos:blur, photos:resize, videos:blur"
            ),
        ),
        (
            "payload=8KiB",
            "A: outputs/a has no cell with payload=8KiB (did you mean 4KiB?); its values of payload are 1MiB, 4KiB",
        ),
        (
            "function=photos:blur,payload=4KiB,1MiB,model=process",
            "A: outputs/a has no cell with model=process; its values of model are thread",
        ),
        (
            "function=resize,payload=1MiB",
            (
                "A: outputs/a has no cell with payload=1MiB among the cells that the conditions before it leave; "
                "its values of payload are 4KiB"
            ),
        ),
        ("function=", "A: function=: no selection; write key=value[,key=value...], such as model=thread"),
        (
            "function=a,,b",
            "A: function=a,,b: no selection; write key=value[,key=value...], such as model=thread",
        ),
    ],
)
def test_what_selects_nothing_is_refused_in_one_line(sample: Sample, selection: str, message: str) -> None:
    """The line has the values there are."""
    for row in _ROWS:
        sample.add_rounds(SLOWER, **row)
    with pytest.raises(BadInput) as caught:
        open_side("A", selection, sample.path)
    assert str(caught.value) == message


def test_cells_of_several_values_are_paired_with_those_of_the_same(sample: Sample) -> None:
    """A list leaves cells out; one value is what the comparison is about."""
    for model, values in (("thread", SLOWER), ("process", FASTER)):
        for target in ("photos:resize", "photos:blur", "photos:turn"):
            sample.add_rounds(values, model=model, column="speedup", **_called(target))
    cells = compare(
        "model=thread,function=resize,blur", "model=process,function=resize,blur", within="outputs/a"
    )
    assert cells["function"].tolist() == ["photos:resize", "photos:blur"]
    assert cells["payload_asked_bytes"].tolist() == [4096, 4096]
    assert cells["verdict"].tolist() == ["faster", "faster"]


def test_functions_of_several_interpreters_are_paired_though_other_bytes_crossed(sample: Sample) -> None:
    """What was asked makes them one cell: a pickle's size differs from version to version."""
    for version, crossed in (("3.11.7", 4081), ("3.14.0", 4079)):
        where = {"interpreter": f"python{version[:4]}", "python_version": version}
        sample.add_rounds(SLOWER, **_called("photos:resize") | where | {"payload_bytes": crossed})
    cells = compare("interpreter=3.11", "interpreter=3.14", within="outputs/a")
    assert cells["function"].tolist() == ["photos:resize"]
    assert cells["payload_asked_bytes"].tolist() == [4096]
