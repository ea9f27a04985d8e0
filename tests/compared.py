"""Stored sweeps that tests compare."""

from __future__ import annotations

from typing import Any

import pytest

from breakeven.analysis.comparing import Comparison, Question, compare
from breakeven.analysis.comparing.select import open_side
from breakeven.base.errors import BadInput
from tests.analysis_samples import Sample

CONFIG = "workload: {{name: function, target: '{}', args: [1]}}\nmeasure: {{max_time: {}}}\nworkers: 2\n"
FASTER = (1300.0, 1310.0, 1290.0)
SLOWER = (1000.0, 1010.0, 990.0)


def other(sample: Sample) -> Sample:
    """Return a second sweep, `outputs/b`."""
    return Sample(sample.path.with_name("b"))


def refusal(kind: type[BadInput], *sides: str, **options: Any) -> str:
    """Return what a comparison is refused with."""
    with pytest.raises(kind) as caught:
        compare(*sides, within="outputs/a", **options)
    assert type(caught.value) is kind
    return str(caught.value)


def whole(a: str, b: str, **options: Any) -> Comparison:
    """Return the comparison of two sides as a whole."""
    return Comparison.of(open_side("A", a, "outputs/a"), open_side("B", b, "outputs/a"), Question(**options))


def called(target: str, max_time: str) -> dict[str, Any]:
    """Return the columns of a run that calls a function of the user's."""
    return {"workload": "function", "function": target, "config": CONFIG.format(target, max_time)}
