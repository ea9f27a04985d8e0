"""How a sweep is carried out, as it is read from a configuration."""

from typing import Any

import pytest

from breakeven.base.errors import BadInput
from breakeven.base.factors import POLICY
from breakeven.runner.config.policy import Policy, read_policy
from tests.fakes import plain


def test_the_defaults_are_those_of_the_class() -> None:
    """conf/config.yaml and the code say the same."""
    assert read_policy(plain()) == Policy()
    assert set(POLICY) == {name.removesuffix("_ns") for name in Policy.__dataclass_fields__}


def test_every_knob_is_read() -> None:
    """Each from the key of its name."""
    asked: dict[str, Any] = {
        "dry_run": True,
        "retry_failed": True,
        "on_change": "keep",
        "on_failure": "stop",
        "max_failures": 3,
        "on_busy": "stop",
        "progress": "quiet",
        "calibration": "outputs/mine",
        "calibrate_on": "python3.13",
    }
    assert read_policy(plain(**asked)) == Policy(**asked)


def test_times_and_names_of_knobs_are_read() -> None:
    """A budget in ns, 0 for no limit and None for the default; the knobs that are compared as a tuple."""
    budgets = [read_policy(plain(budget=budget)).budget_ns for budget in ("5min", None, "auto")]
    assert budgets == [300 * 10**9, 0, None]
    named = [read_policy(plain(compare_by=by)).compare_by for by in ("model", ["label", "ipc"], None)]
    assert named == [("model",), ("label", "ipc"), ()]


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        (
            {"budget": "long"},
            "budget=long: not a time; write a number and a unit, such as 1s (units: ns us ms s min)",
        ),
        (
            {"compare_by": "modle"},
            (
                "compare_by=modle: no such knob (did you mean model?); choose of label, interpreter, environment, model, "
                "ipc, workers, affinity, payload, several as compare_by=[label,interpreter]"
            ),
        ),
        ({"calibration": ""}, "calibration=: not a text; write one, such as calibration=mine"),
        ({"dry_run": "yes"}, "dry_run=yes: neither true nor false; write dry_run=true or dry_run=false"),
        (
            {"retry_failed": 1},
            "retry_failed=1: neither true nor false; write retry_failed=true or retry_failed=false",
        ),
        (
            {"on_change": "remesure"},
            "on_change=remesure: no such choice (did you mean remeasure?); choose one of stop, remeasure, keep",
        ),
        (
            {"max_failures": 0},
            "max_failures=0: not a whole number from 1 to 2147483647; write one, such as max_failures=2",
        ),
        ({"progress": "bar"}, "progress=bar: no such choice; choose one of auto, lines, json, quiet"),
    ],
)
def test_what_is_no_policy(knobs: dict[str, Any], message: str) -> None:
    """One line with the alternatives."""
    with pytest.raises(BadInput) as refusal:
        read_policy(plain(**knobs))
    assert str(refusal.value) == message
