"""From where on a mechanism pays, in words."""

from __future__ import annotations

from math import log

from breakeven.analysis.units import format_length, format_size
from breakeven.analysis.verdicts.lines import Line
from breakeven.analysis.verdicts.payoff import FROM, IN_PART, NEVER, NOT_DECIDED, THROUGHOUT

_UNITS = {"task_ns": (format_length, " a task"), "payload_asked_bytes": (format_size, "")}
_WHAT = {"task_ns": "task length", "payload_asked_bytes": "size"}
_WIDE = 10.0
"""A bracket whose ends are farther apart than this many times says all that is known: nothing is interpolated."""


def say_payoff(line: Line) -> str:
    """Return from where a mechanism pays, such as ``pays from 420 us a task [350 us, 500 us]``."""
    form, unit = _UNITS[line.axis]
    payoff, what = line.payoff, _WHAT[line.axis]
    if payoff.pays == THROUGHOUT:
        return f"pays at every {what}, {form(line.places[0])} to {form(line.places[-1])}{unit}"
    if payoff.pays == NEVER:
        return f"pays at no {what}, {form(line.places[0])} to {form(line.places[-1])}{unit}"
    if payoff.pays == NOT_DECIDED:
        return f"at which {what} it starts to pay is not decided"
    if payoff.pays == IN_PART:
        return f"pays at some {what}s and not at others between them"
    return f"pays {payoff.pays} {_bracket(line)}"


def _bracket(line: Line) -> str:
    """Return the crossing with its bracket, the bracket alone if that is wide, or one end if it has no other."""
    form, unit = _UNITS[line.axis]
    payoff = line.payoff
    if payoff.losing is None or payoff.paying is None:
        limit = "or less" if payoff.pays == FROM else "or more"
        return f"{form(payoff.paying or 0.0)}{unit} {limit}"
    low, high = sorted((payoff.losing, payoff.paying))
    if payoff.crossing is None or high > _WIDE * low:
        return f"a {_WHAT[line.axis]} between {form(low)} and {form(high)}"
    return f"{round_value(line.axis, payoff.crossing)}{unit} [{form(low)}, {form(high)}]"


def round_value(axis: str, value: float) -> str:
    """Return an interpolated value with two digits: more is not known of it."""
    form, base = (format_length, 1000) if axis == "task_ns" else (format_size, 1024)
    scale = base ** max(0, int(log(value, base)))
    return form(float(f"{value / scale:.2g}") * scale)
