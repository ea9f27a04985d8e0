"""What a claim leads one to expect of the data: a range for a quantity, or events that occur or never do.

Every rule is written down before the data, and said in words by the same numbers that decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan
from typing import NamedTuple, Protocol

from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.claims.undisturbed import settle
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.rare import most_per_million, write_none, write_share
from breakeven.analysis.units import format_count, format_ratio, format_share, format_size, format_time

SUPPORTED, CONTRADICTED, INCONCLUSIVE = "supported", "contradicted", "inconclusive"
DECISIONS = (SUPPORTED, CONTRADICTED, INCONCLUSIVE)

RATIO, TIME, SHARE, SIZE = "ratio", "ns", "share", "bytes"
PER_MILLION = "per million"

_WRITE: dict[str, Callable[[float], str]] = {
    RATIO: format_ratio,
    TIME: format_time,
    SHARE: format_share,
    SIZE: format_size,
}
_MILLION, _PERCENT = 1e6, 0.01
_SAID = 6
"""The most cells whose numbers are said in a line; the data have all."""

_QUIETER = "a quieter machine: other programs or the hypervisor disturbed too many pairs of trials"


class Part(NamedTuple):
    """What became of one expectation: its decision, and what was seen in which unit.

    ``missing`` says what is missing if nothing decides.

    ``within`` is the range that is expected, if it is one, and ``lies`` what each that was seen says of it.
    """

    what: str
    rule: str
    decision: str
    unit: str
    seen: tuple[Seen, ...]
    said: str
    lacks: str = ""
    run: str = ""
    within: tuple[float, float] | None = None
    lies: tuple[str, ...] = ()


See = Callable[[Lab], Sequence[Seen]]
Needs = str | Callable[[Lab], str]
"""What it takes to see a quantity, beside cells of it: in words, or what says it of a sweep."""


class Expectation(Protocol):
    """What a claim leads one to expect of one quantity."""

    @property
    def what(self) -> str:
        """Return the quantity in words."""

    @property
    def run(self) -> str:
        """Return the overrides that measure it."""

    @property
    def rule(self) -> str:
        """Return in words when the expectation is met."""

    def look(self, lab: Lab) -> Part:
        """Return what ``lab`` says of it."""


@dataclass(frozen=True)
class Within:
    """Expect the 95 % interval of a quantity within a range: of every cell that measured it, or of ``some``.

    It is met if the interval lies within, and not met if it lies beyond. Of every cell: one beyond is enough that it is
    not met. Of some: one within is enough that it is met. All but a size in memory is a matter of time, and so of what
    else ran on the machine: cells that were mostly disturbed are judged by their undisturbed pairs, or left open.
    """

    what: str
    see: See
    run: str
    low: float = -inf
    high: float = inf
    unit: str = RATIO
    some: bool = False
    cpus: int = 1
    needs: Needs = ""

    @property
    def rule(self) -> str:
        """Return in words when the expectation is met."""
        who = "in at least one cell" if self.some else "in every cell"
        return f"{self.what}: {self._range()}, {who}"

    def _range(self) -> str:
        write = _WRITE[self.unit]
        if isfinite(self.low) and isfinite(self.high):
            return f"from {write(self.low)} to {write(self.high)}"
        return f"above {write(self.low)}" if isfinite(self.low) else f"below {write(self.high)}"

    def look(self, lab: Lab) -> Part:
        """Return what ``lab`` says of it."""
        found = settle(lab, self.see) if self.unit != SIZE else self.see(lab)
        seen = tuple(sorted(found, key=self._weight))
        decision = self._decide(seen)
        said = _list([f"{one.name} {write(one, self.unit)}" for one in seen])
        lacks = self._lacks(lab, seen) if decision == INCONCLUSIVE else ""
        lies = tuple(map(self._lies, seen))
        range_ = (self.low, self.high)
        return Part(self.what, self.rule, decision, self.unit, seen, said, lacks, self.run, range_, lies)

    def _lies(self, one: Seen) -> str:
        if one.is_doubtful:
            return INCONCLUSIVE
        if self.low <= one.low and one.high <= self.high:
            return SUPPORTED
        return CONTRADICTED if one.high < self.low or one.low > self.high else INCONCLUSIVE

    def _weight(self, one: Seen) -> int:
        """Return where what decides stands: first."""
        first = SUPPORTED if self.some else CONTRADICTED
        return {first: 0, INCONCLUSIVE: 1}.get(self._lies(one), 2)

    def _decide(self, seen: Sequence[Seen]) -> str:
        lies = [self._lies(one) for one in seen]
        enough, against = (SUPPORTED, CONTRADICTED) if self.some else (CONTRADICTED, SUPPORTED)
        if enough in lies:
            return enough
        return against if lies and set(lies) == {against} else INCONCLUSIVE

    def _lacks(self, lab: Lab, seen: Sequence[Seen]) -> str:
        if not seen:
            return lacking(lab, self)
        if any(one.is_doubtful for one in seen):
            return _QUIETER
        if any(isnan(one.low) for one in seen):
            return "more rounds: one process has no interval"
        return "more rounds: an interval crosses the limit"


@dataclass(frozen=True)
class Occurs:
    """Expect that something counted occurs, or, not ``ever``, that it never does.

    One event proves that it does. Without one among ``enough`` or more (``among`` says of what), it does not.
    """

    what: str
    see: See
    run: str
    enough: int
    among: str
    ever: bool = True
    cpus: int = 1
    needs: Needs = ""

    @property
    def rule(self) -> str:
        """Return in words when the expectation is met."""
        none = f"none in {self.enough:,} or more {self.among}"
        met, unmet = ("at least one", none) if self.ever else (none, "a single one")
        return f"{self.what}: {met} ({unmet} contradicts)"

    def look(self, lab: Lab) -> Part:
        """Return what ``lab`` says of it."""
        seen = tuple(self.see(lab))
        events, trials = sum(one.events for one in seen), sum(one.trials for one in seen)
        decision = self._decide(events, trials)
        lacks = ""
        if decision == INCONCLUSIVE:
            lacks = lacking(lab, self) if not seen else f"at least {self.enough:,} {self.among}"
        said = _list(
            [*(f"{one.name} {write(one, PER_MILLION)}" for one in seen if one.events), *_never(seen)]
        )
        return Part(self.what, self.rule, decision, PER_MILLION, seen, said, lacks, self.run)

    def _decide(self, events: int, trials: int) -> str:
        if events:
            return SUPPORTED if self.ever else CONTRADICTED
        if trials < self.enough:
            return INCONCLUSIVE
        return CONTRADICTED if self.ever else SUPPORTED


def counted(
    name: str, events: float, trials: float, cells: tuple[str, ...], ends: tuple[float, float]
) -> Seen:
    """Return how often something was seen in a million.

    Of what was never seen, the interval is that of the rule of three.
    """
    low, high = ends if events else (0.0, most_per_million(trials))
    return Seen(name, _MILLION * events / trials, low, high, cells, int(events), int(trials))


def write(one: Seen, unit: str) -> str:
    """Return what was seen in its unit, with its interval; of what is counted, the counts as well."""
    if unit == PER_MILLION:
        return _counted(one)
    value, low, high = map(_WRITE[unit], (one.value, one.low, one.high))
    text = f"{value} (no interval)" if isnan(one.low) else f"{value} [{low}, {high}]"
    return f"{text}{_disturbance(one)}"


def _disturbance(one: Seen) -> str:
    """Return what disturbed trials have to do with what was seen; empty if nothing."""
    if not one.disturbed:
        return ""
    share = f"{one.disturbed:.0%} of pairs disturbed"
    return f" (of undisturbed pairs; {share})" if one.undisturbed else f" ({share})"


def _counted(one: Seen) -> str:
    """Return how often something was seen, with its interval and the counts."""
    share = f"{write_share(one.events, one.trials)}{_ends(one)}"
    return f"{share}, {format_count(one.events)} of {format_count(one.trials)}"


def _ends(one: Seen) -> str:
    if isnan(one.low):
        return ""
    if one.value / _MILLION >= _PERCENT:
        return f" [{format_share(one.low / _MILLION)}, {format_share(one.high / _MILLION)}]"
    return f" [{format_ratio(one.low)}, {format_ratio(one.high)}]"


def _never(seen: Sequence[Seen]) -> list[str]:
    """Return in how many trials nothing was seen, over all that saw nothing."""
    without = [one for one in seen if one.trials and not one.events]
    if not without:
        return []
    trials = sum(one.trials for one in without)
    where = without[0].name if len(without) == 1 else f"{len(without)} cells"
    return [f"none of {format_count(trials)} ({where}), {write_none(trials)}"]


def lacking(lab: Lab, expectation: Within | Occurs) -> str:
    """Return what it takes to see what was not seen: CPUs, what it says itself, or cells and what these need."""
    there = lab.runs["cpu_count"].max()
    if there < expectation.cpus:
        return f"{expectation.cpus} CPUs; this machine has {there:.0f}"
    needs = expectation.needs
    if not isinstance(needs, str):
        return needs(lab)
    return f"cells of {expectation.run}{f' ({needs})' if needs else ''}"


def _list(texts: Sequence[str]) -> str:
    more = f"; {len(texts) - _SAID} more" if len(texts) > _SAID else ""
    return "; ".join(texts[:_SAID]) + more
