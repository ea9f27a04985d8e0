"""Two locks in opposite order: a deadlock is recognised, given way to, and never taken for a slow holder."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from breakeven.runner.cell.errors import WrongResult
from breakeven.runner.cell.models._threads import Context
from breakeven.runner.cell.patterns import deadlock
from breakeven.runner.cell.patterns._abc import Knobs
from breakeven.runner.cell.patterns.deadlock import Deadlock, Share

PATIENCE_NS = 2_000_000


def _made(order: str = "opposite", window_ns: int = 1_000_000) -> Deadlock:
    made = Deadlock({"order": order, "patience": PATIENCE_NS}, Knobs(2, 0, window_ns))
    made.equip(Context())
    return made


def test_who_holds_what_the_other_waits_for_is_in_a_deadlock() -> None:
    """The worker gives its lock back, says how long it took to notice, and holds nothing."""
    made = _made()
    made.locks[1].acquire()
    made.holds[1].value = 1  # and waits for the first
    noticed_ns = made._take(0, 0, PATIENCE_NS)
    assert noticed_ns is not None
    assert noticed_ns >= PATIENCE_NS
    assert made.locks[0].acquire(blocking=False)
    assert made.holds[0].value == deadlock._AT_EASE


def test_a_slow_holder_is_no_deadlock() -> None:
    """Somebody that holds a lock for long, and waits for none, is waited for."""
    made = _made()
    made.locks[1].acquire()
    timer = threading.Timer(10 * PATIENCE_NS / 1e9, made.locks[1].release)
    timer.start()
    assert made._take(0, 0, PATIENCE_NS) is None
    timer.join()
    assert made.locks[1].locked()


def test_no_lock_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that holds none waits for long, but not for ever."""
    monkeypatch.setattr(deadlock, "_FIRST_S", 0.01)
    made = _made()
    made.locks[0].acquire()
    with pytest.raises(TimeoutError) as late:
        made._take(1, 0, PATIENCE_NS)
    assert str(late.value) == "worker 1 got no lock within 0.01 s, though every other wait has a bound"


def test_a_worker_goes_on_after_a_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives way until the other one has let go, and counts both."""
    made = _made()
    made.locks[1].acquire()
    made.holds[1].value = 1

    def let_go(_: float) -> None:
        """Do so in the pause of the worker that gave way."""
        if made.locks[1].locked():
            made.holds[1].value = deadlock._AT_EASE
            made.locks[1].release()

    monkeypatch.setattr(deadlock, "sleep", let_go)
    share = made.take_part(0)
    assert share.deadlocks > 0
    assert share.pairs > 0
    assert share.noticed_ns >= share.deadlocks * PATIENCE_NS
    assert made.number.value == share.pairs


class Scripted:
    """A crew whose workers answer what the test says, after which the number is what it says."""

    def __init__(self, made: Deadlock, number: int, *shares: Share) -> None:
        self.made, self.number, self.shares = made, number, shares

    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Return the answers."""
        assert len(items) == len(self.shares)
        self.made.number.value = self.number
        return [(worker, tuple(share)) for worker, share in enumerate(self.shares)]


def _outcome(order: str, number: int, deadlocks: int) -> Any:
    made = _made(order)
    shares = (Share(1_000, deadlocks, deadlocks * 5_000, 0, 1_000_000), Share(2_000, 0, 0, 0, 1_000_000))
    crew: Any = Scripted(made, number, *shares)
    return made.parallel(None, crew)  # type: ignore[arg-type]  # it needs no reference


def test_what_is_observed() -> None:
    """3 deadlocks in 3000 pairs, each noticed after 5 us; a pair takes a third of a us. Without any there is no time to notice one."""
    seen = {each.quantity: each.value for each in _outcome("opposite", 3_000, 3).observations}
    assert seen == {
        "deadlocks_per_million": pytest.approx(1_000),
        "pair_ns": pytest.approx(1000 / 3),
        "detected_ns": 5_000,
    }
    assert "detected_ns" not in {each.quantity for each in _outcome("opposite", 3_000, 0).observations}


@pytest.mark.parametrize(
    ("order", "number", "deadlocks", "said"),
    [
        (
            "opposite",
            2_999,
            0,
            "3000 pairs of locks were taken in a parallel trial, and the number they guard is 2999: two workers held both at once",
        ),
        (
            "same",
            3_000,
            1,
            "1 deadlocks were noticed in a parallel trial with pattern.order=same, where none can be",
        ),
    ],
)
def test_what_cannot_be_fails_the_run(order: str, number: int, deadlocks: int, said: str) -> None:
    """Locks that do not exclude, and a deadlock without a circle."""
    with pytest.raises(WrongResult) as wrong:
        _outcome(order, number, deadlocks)
    assert str(wrong.value) == said
