"""The folder between an engine and its jobs: an order is carried out once at most, an answer arrives whole."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.engines import _exchange
from breakeven.runner.engines._exchange import Desk, Exchange
from tests.examples import at_most


@given(orders=st.integers(1, 12), jobs=st.integers(1, 4), withdrawn=st.sets(st.integers(0, 11)))
@at_most(20)
def test_an_order_is_taken_once_at_most(
    tmp_path_factory: pytest.TempPathFactory, orders: int, jobs: int, withdrawn: set[int]
) -> None:
    """Whoever looks at a desk at the same time, each order goes to one of them, and none that was withdrawn to any."""
    exchange = Exchange(tmp_path_factory.mktemp("sweep") / "exchange")
    exchange.open_desk("d")
    for number in range(orders):
        exchange.put("d", number, f"order {number}")
    for number in withdrawn:
        exchange.withdraw("d", number)

    def work(_: int) -> list[tuple[int, str]]:
        desk = Desk(exchange.folder, "d")
        return list(iter(desk.take, None))

    with ThreadPoolExecutor(jobs) as pool:
        taken = sorted(order for found in pool.map(work, range(jobs)) for order in found)
    assert taken == [(number, f"order {number}") for number in range(orders) if number not in withdrawn]
    assert all(exchange.is_taken("d", number) for number, _ in taken)


def test_an_answer_is_read_once_and_whole(tmp_path: Path) -> None:
    """What is still being written is no answer."""
    exchange = Exchange(tmp_path / "exchange")
    (exchange.folder / "answers" / ".00000003.part").write_bytes(b"hal")
    desk = Desk(exchange.folder, "d")
    desk.answer(4, b"\0whole")
    desk.announce("17", "n1")
    assert exchange.answered() == [4]
    assert (exchange.read(4), exchange.read(4), exchange.read(3)) == (b"\0whole", None, None)
    assert exchange.ready() == {"d": ("17", "n1")}


def test_the_folder_is_private_and_removed_with_what_was_made_for_it(tmp_path: Path) -> None:
    """A folder that holds something else stays; a job learns of the end when it looks at its desk."""
    (tmp_path / "theirs").mkdir()
    exchange = Exchange(tmp_path / "theirs" / "new" / "exchange")
    exchange.open_desk("d")
    assert stat.S_IMODE(exchange.folder.stat().st_mode) == 0o700
    desk = Desk(exchange.folder, "d")
    assert desk.take() is None
    exchange.remove()
    assert list(tmp_path.rglob("*")) == [tmp_path / "theirs"]
    with pytest.raises(FileNotFoundError):
        desk.take()


def test_a_job_that_nobody_waits_for_notices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is deserted when no sign of life came for long, by its own clock."""
    clock = iter([0.0, 1.0, 100.0, 122.0, 130.0])
    monkeypatch.setattr(_exchange, "monotonic", lambda: next(clock))
    exchange = Exchange(tmp_path / "exchange")
    desk = Desk(exchange.folder, "d")
    assert [desk.is_deserted() for _ in range(3)] == [False, False, True]
    exchange.keep_alive()
    assert not desk.is_deserted()


def test_the_last_line_of_a_job_is_what_it_printed_last(tmp_path: Path) -> None:
    """Empty lines and a log that there is not are passed over."""
    exchange = Exchange(tmp_path / "exchange")
    exchange.log("d").write_text("first\nlast word\n\n")
    assert (exchange.last_line("d"), exchange.last_line("none")) == ("last word", "")
