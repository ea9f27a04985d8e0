"""What page faults and environment variables have to do with an answer, in words."""

from __future__ import annotations

from breakeven.analysis.frames.page_faults import LARGE, PAD
from breakeven.analysis.units import format_time
from breakeven.analysis.verdicts.answer import Answer
from breakeven.analysis.verdicts.costs import ALIKE
from breakeven.analysis.verdicts.parts import FAULTS
from breakeven.analysis.verdicts.question import plain


def say_spared(answer: Answer, number: int, *, brief: bool = False) -> str:
    """Return that a candidate's workers are spared page faults that a serial task takes, as its gain.

    It is empty if they are not.
    """
    spent = answer.costs[number]
    if not spent["spared"] >= LARGE:
        return ""
    if brief:
        return f"by page faults: {spent['task_faults_alone']:.0f} a task alone, {spent['task_faults']:.0f} in a worker"
    alone = f"{format_time(spent['alone_ns'])} of the {format_time(spent['task_measured_ns'])} alone"
    faults = f"{spent['task_faults_alone']:.0f} a task, {alone}, {spent['task_faults']:.0f} in a worker"
    return f"by page faults that its workers are spared: {faults}"


def say_remedy(answer: Answer) -> str:
    """Return what to measure beside an answer that page faults decide; empty if none does, or if that was measured."""
    best = answer.ranking.best
    deciding = [number for number in range(len(answer.costs)) if _slow(answer, number)]
    if best is not None and say_spared(answer, best):
        deciding.append(best)
    overrides = [text for number in deciding if (text := plain(answer.costs[number]["keeps"]))]
    if not overrides or any(PAD in environment for environment in answer.alone):
        return ""
    return f"{overrides[-1]} measures it with and without a heap that keeps freed memory (glibc)"


def _slow(answer: Answer, number: int) -> bool:
    reason = answer.reasons.get(answer.cell_id(number))
    return reason is not None and reason.kind == FAULTS


def say_alone(answer: Answer) -> str:
    """Return how long a serial task takes, if that depends on the environment in which questions differ."""
    mine = answer.alone.get(answer.question.environment)
    others = {name: length for name, length in answer.alone.items() if name != answer.question.environment}
    if mine is None or not others:
        return ""
    least, most = min(others, key=lambda name: others[name]), max(others, key=lambda name: others[name])
    name = least if others[least] < mine else most
    if max(mine, others[name]) < ALIKE * min(mine, others[name]):
        return ""
    return f"a serial task takes {format_time(mine)}, {format_time(others[name])} with {name}"
