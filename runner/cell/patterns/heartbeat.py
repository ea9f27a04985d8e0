"""A window in which the main thread has a tick to serve, as an event loop that draws: how late it comes to it."""

from __future__ import annotations

from typing import ClassVar

from ..intervals import percentile
from ..reference import Reference
from ..spaces import INTERPRETERS, LOOP, PROCESSES, THREADS
from ..ticker import Ticker
from ._abc import Crew, Observation, Outcome, Quantity, now
from .window import Share, Window

P50, P99, MAX, MISSED = "lateness_p50_ns", "lateness_p99_ns", "lateness_max_ns", "missed_share"


class Heartbeat(Window):
    """Workers repeat their task for a window, as in `Window`, while the main thread serves ``hz`` ticks a second.

    In a parallel trial another thread of the parent hands out the tasks, and the main one sleeps from tick to tick; on
    an event loop the tick is a task of the loop. In a serial trial there is one thread, which calls the task and serves
    what is due after each call: a program without workers. A tick is missed if it is served more than a frame late,
    which is when the next one is due.
    """

    OPTIONS: ClassVar[dict[str, str]] = {"hz": "count"}
    SPACES = frozenset({THREADS, LOOP, INTERPRETERS, PROCESSES})
    QUANTITIES = (
        Quantity(P50, "how late the main thread served a tick, median"),
        Quantity(P99, "how late at most, of 99 % of a trial's ticks (of fewer than 100 it is the latest)"),
        Quantity(MAX, "how late the latest was"),
        Quantity(MISSED, "share of the ticks that came more than a frame late"),
    )

    @property
    def _bin_ns(self) -> int:
        return self.knobs.window_ns  # how calls spread over the window is not asked

    def serial(self, reference: Reference) -> Outcome:
        """Serve the ticks between the calls of one thread."""
        supply = self._fill(reference)
        ticker = self._ticker(now())
        share = self._alone(ticker.served_after(reference.task), ticker.start_ns, supply)
        ticker.serve(now())
        return self._observed(reference, ticker, [share], "a serial trial")

    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Let every worker run the loop, and serve the ticks in the meantime."""
        payload = self._payload(reference)
        ticker = self._ticker(now())
        answers = crew.map_beside([(ticker.start_ns, payload)] * self.knobs.workers, ticker)
        return self._observed(
            reference, ticker, [Share(*answer) for _, answer in answers], "a parallel trial"
        )

    def _ticker(self, start: int) -> Ticker:
        period = round(1e9 / self.options["hz"])
        return Ticker(start, period, max(self.knobs.window_ns // period, 1))

    def _observed(self, reference: Reference, ticker: Ticker, shares: list[Share], moment: str) -> Outcome:
        late, outcome = ticker.late_ns, self._outcome(reference, ticker.start_ns, shares, moment)
        missed = sum(one > ticker.period_ns for one in late)
        times = {P50: percentile(late, 0.5), P99: percentile(late, 0.99), MAX: max(late)}
        return outcome._replace(
            activity=(),
            observations=(
                *(Observation(name, max(value, 1)) for name, value in times.items()),  # a clock has steps
                Observation(MISSED, missed / len(late)),
            ),
        )
