"""Advice in words: what to use, the code for it, what is as good, what does not pay and why, what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import ceil, isfinite, nan
from typing import Any

import pandas as pd

from breakeven.analysis.advice.advice import Advice, Choice
from breakeven.analysis.advice.snippet import Call, snippet
from breakeven.analysis.advice.table import table_lines, value_of
from breakeven.analysis.frames.extremes import place_of_best
from breakeven.analysis.units import format_ratio, format_size, format_time, plural
from breakeven.analysis.verdicts.sentences import Words
from breakeven.analysis.verdicts.words import count, family, join
from breakeven.base.wrapping import wrap
from breakeven.search.race import EQUAL, OPEN, WORSE

_NAMED = 3
"""The most candidates that are named of each sort."""
_INDENT = "    "
_LABELS = ("as good", "maybe", "slower", "failed", "refused", "costs")
_WIDTH = max(map(len, _LABELS)) + 2


def advice_lines(advice: Advice, width: int = 80, *, in_full: bool = False) -> list[str]:
    """Return the advice as lines of at most ``width`` columns, but for the code; all candidates if ``in_full``."""
    lines = _wrapped(probe(advice), width)
    lines += [
        *wrap(effort(advice), width, "  "),
        *_wrapped(part_taken(advice), width),
        "",
        *wrap(sentence(advice), width, "  "),
    ]
    written = writable(advice)
    if written is not None and written is not advice.leader:
        lines += ["", *wrap(_of_another(written), width, "  ")]
    if written is not None:
        lines += ["", *(f"{_INDENT}{line}".rstrip() for line in code_of(advice)), ""]
    for label, text in _below(advice):
        first, *others = wrap(text, max(width - _WIDTH, 2))
        lines += [label.ljust(_WIDTH) + first, *(" " * _WIDTH + line for line in others)]
    return [*lines, "", *table_lines(advice, width, in_full=in_full)] if advice.measured else lines


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(text, width, "  ") if text else []


def probe(advice: Advice) -> str:
    """Return what one call is like, as its runs measured it."""
    cells = _cells(advice)
    if cells.empty:
        return ""
    cell = cells.iloc[place_of_best(cells["speedup"])]
    parts = [
        f"{format_time(float(cell['task_measured_ns']))} a call, {plural(int(cell['tasks']), 'call')} in a trial"
    ]
    crossed = cells[cells["model"].isin(("process", "process_pool", "mp_pool", "loky", "joblib", "mpire"))]
    if len(crossed) and crossed["payload_bytes"].max() > 0:
        there, back = (
            format_size(float(crossed[name].max())) for name in ("payload_bytes", "payload_out_bytes")
        )
        parts.append(f"a process gets {there} and returns {back}")
    return f"{_subject(advice)}: {', '.join(parts)}"


def effort(advice: Advice) -> str:
    """Return how many candidates were measured, in how many runs, and what the others were spared for."""
    total = len(advice.choices) - 1
    refused = sum(bool(choice.refused) for choice in advice.choices)
    failures = [len(choice.failures) for choice in advice.choices if choice.failures]
    tried = sum(bool(one.standing.runs or one.failures or one.refused) for one in advice.choices)
    left = total - tried
    text = f"{advice.measured} of {plural(total, 'candidate')} measured in {plural(advice.runs, 'run')}, {advice.seconds:.0f} s"
    text += f"; {refused} refused" * bool(refused)
    if failures:
        text += f"; {plural(sum(failures), 'run')} of {plural(len(failures), 'candidate')} failed"
    if not left:
        return text
    if not advice.decided:
        return f"{text}; {left} not measured yet"
    if advice.structure:
        return f"{text}; {left} not: surely slower, if speedup is smooth over workers and chunk size (--every measures all)"
    of_a_part = "" if advice.part is None else f" with {plural(advice.part.taken, 'input')} at a time"
    return f"{text}; {left} not: they could not win even in the best case{of_a_part}"


def part_taken(advice: Advice) -> str:
    """Return how many of the inputs each run took, why, and what that leaves open; empty if all of them."""
    part = advice.part
    if part is None:
        return ""
    text = (
        f"each run took {part.taken} of the {part.of} inputs, drawn anew for each round: all of them take about "
        f"{format_time(part.all_ns)} one after the other (longest_trial=null takes all)"
    )
    if not part.is_uneven:
        return text
    span = f"{format_time(part.least_ns)} to {format_time(part.most_ns)}"
    return f"{text}; they are so uneven ({span} a call, by round) that all may gain otherwise than a part of them"


def sentence(advice: Advice) -> str:
    """Return what to use, how much faster that is, how sure that is, and what is left out of it."""
    if not advice.compared:
        return _no_advice(advice)
    leader = advice.leader
    if leader.cell_id is None:
        what = "Stay serial"
        best = advice.compared[0]
        value = f"; at best {best.name} {value_of(best)}"
    else:
        what, value = f"Use {leader.name}", f": {value_of(leader)}"
    out = len(advice.struck_out)
    beside = f", leaving out {plural(out, 'candidate')} with failed runs" if out else ""
    if advice.decided:
        return f"{what}{value}; at most {advice.regret:.0%} behind the best here (95 %){beside}"
    return f"Not decided. So far: {what[0].lower()}{what[1:]}{value}; {_why_open(advice)}{beside}"


def _why_open(advice: Advice) -> str:
    if advice.ahead:
        return f"it may be more than {advice.regret:.0%} behind {plural(advice.ahead, 'other')}"
    return f"that is not sure after {plural(advice.runs, 'run')}"


def _no_advice(advice: Advice) -> str:
    """Return why there is no advice: no candidate was measured without a failed run."""
    refused = [choice.refused for choice in advice.choices if choice.refused]
    failed = len(advice.struck_out)
    parts = []
    if refused:
        reasons = "; ".join(sorted(set(refused)))
        parts.append(f"{plural(len(refused), 'candidate')} could not be measured: {reasons}")
    if failed:
        none = "no other" if advice.measured else "none"
        parts.append(f"{plural(failed, 'candidate')} failed, and {none} was measured")
    if parts:
        return f"No advice: {'; '.join(parts)}"
    return "No advice: the time was over before the first run; choose a longer budget, or a function whose calls take less"


def _of_another(choice: Choice) -> str:
    return f"These workers cannot be written as a short program. The best candidate that can is {choice.name}: {value_of(choice)}"


def writable(advice: Advice) -> Choice | None:
    """Return the candidate to write code for; None if there is none.

    The leader, or the best one that gains and has code.
    """
    if not advice.compared:
        return None
    gaining = [one for one in advice.compared if one.standing.speedup > 1]
    return next((one for one in (advice.leader, *gaining) if snippet(_call(advice, one))), None)


def code_of(advice: Advice) -> list[str]:
    """Return the code for what is `writable`, line by line."""
    choice = writable(advice)
    return [] if choice is None else snippet(_call(advice, choice))


def _call(advice: Advice, choice: Choice) -> Call:
    """Return the call to write for a candidate."""
    function = None if advice.answer is None else advice.answer.question.keys["function"]
    if choice.place is None or advice.answer is None:
        return Call(function, "serial", 1, given=advice.given)
    cell = advice.answer.question.candidates[choice.place]
    version = str(cell["python_version"]).split(".")
    return Call(
        function,
        str(cell["model"]),
        int(cell["workers"]),
        choice.chunk,
        cell["start_method"] if isinstance(cell["start_method"], str) else None,
        (int(version[0]), int(version[1])) if len(version) > 1 and version[1].isdigit() else (0, 0),
        backend=choice.backend,
        ipc=str(cell["ipc"]),
        given=advice.given,
    )


def _below(advice: Advice) -> Iterator[tuple[str, str]]:
    equal = advice.of(EQUAL)
    if equal:
        yield "as good", _named(equal)
    near = [
        one
        for one in advice.of(OPEN)
        if one.standing.runs and one.standing.speedup >= (1 - advice.regret) * advice.leader.standing.speedup
    ]
    if near:
        yield "maybe", _named(near)
    slower = list(_not_worth(advice))
    if slower:
        yield "slower", "; ".join(slower)
    failed = list(_failed(advice))
    if failed:
        yield "failed", "; ".join([*failed, "retry_failed=true makes failed runs again"])
    if advice.measured:
        yield from _refused(advice)
    spent = _spent(advice)
    if spent:
        yield "costs", spent


def _refused(advice: Advice) -> Iterator[tuple[str, str]]:
    """Yield what could not be measured and why, a line for each reason."""
    for why, number in Counter(choice.refused for choice in advice.choices if choice.refused).items():
        yield "refused", f"the {plural(number, 'candidate')} whose workers send pickles: {why}"


def _failed(advice: Advice) -> Iterator[str]:
    """Yield which candidates were struck out: what those gained that were measured as well, and why runs failed."""
    measured = [choice for choice in advice.struck_out if choice.standing.runs]
    for choice in measured[:_NAMED]:
        failed = len(choice.failures)
        yield (
            f"{choice.name} {value_of(choice)}, but {failed} of its {failed + choice.standing.runs} runs failed: "
            f"{choice.failures[0]}"
        )
    if len(measured) > _NAMED:
        yield f"{count(len(measured) - _NAMED)} more of which some runs failed"
    never = [choice for choice in advice.struck_out if not choice.standing.runs]
    reasons = Counter(choice.failures[0] for choice in never).most_common()
    for why, number in reasons[:_NAMED]:
        example = next(choice.name for choice in never if choice.failures[0] == why)
        who = example if number == 1 else f"{count(number)} candidates, such as {example}"
        yield f"{who}, in every run: {why}"
    others = sum(number for _, number in reasons[_NAMED:])
    if others:
        yield f"{count(others)} more in every run"


def _named(choices: list[Choice]) -> str:
    some = [f"{one.name} ({format_ratio(one.standing.speedup)}x)" for one in choices[:_NAMED]]
    more = len(choices) - len(some)
    return join([*some, f"{count(more)} more"] if more else some)


def _not_worth(advice: Advice) -> Iterator[str]:
    """Yield the best of each family that is slower than the leader, with why; the leader's own last."""
    answer = advice.answer
    if answer is None:
        return
    words, seen = Words(answer), set()
    for choice in advice.of(WORSE):
        if choice.place is None or not choice.standing.runs:
            continue
        name = family(str(answer.question.candidates[choice.place]["model"]))
        if name in seen:
            continue
        seen.add(name)
        why = words.reason(choice.place)
        yield f"{choice.name} {format_ratio(choice.standing.speedup)}x{f': {why}' if why else ''}"


def _spent(advice: Advice) -> str:
    """Return what the leader takes besides its time."""
    place = advice.leader.place
    if place is None or advice.answer is None:
        return ""
    costs = advice.answer.costs[place]
    parts = [f"{format_time(float(costs['startup_ns']))} to start"] if _known(costs["startup_ns"]) else []
    if _known(costs["memory_bytes"]) and costs["memory_bytes"] > 0:
        parts.append(format_size(float(costs["memory_bytes"])))
    tasks = float(costs["repaid_tasks"])
    if isfinite(tasks):
        parts.append(f"repaid after {plural(max(1, ceil(tasks)), 'call')}")
    shortest = breakeven_ns(advice)
    if isfinite(shortest):
        parts.append(
            f"pays off for calls longer than about {format_time(shortest)}, if handing one over costs the same"
        )
    return ", ".join(parts)


def breakeven_ns(advice: Advice) -> float:
    """Return the length of a call at which the leader would gain nothing, in ns; NaN if it is not known.

    Of what a call takes beyond its share of the CPUs, all is taken for a cost of handing it over, which a shorter call
    has as well.
    """
    leader = advice.leader
    if leader.place is None or advice.answer is None:
        return nan
    cell = advice.answer.question.candidates[leader.place]
    most = min(float(cell["workers"]), advice.at_once)
    lost = 1 / leader.standing.speedup - 1 / most
    if not (most > 1 and lost > 0 and leader.standing.low > 1):
        return nan
    return float(cell["task_measured_ns"]) * lost / (1 - 1 / most)


def _known(value: Any) -> bool:
    return bool(pd.notna(value))


def _cells(advice: Advice) -> pd.DataFrame:
    return pd.DataFrame() if advice.answer is None else advice.answer.question.cells


def _subject(advice: Advice) -> str:
    return "" if advice.answer is None else advice.answer.question.subject
