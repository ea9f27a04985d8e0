"""The gate where workers of foreign pools wait for each other, and the door through which they find this package."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import pytest

from breakeven.runner.cell import gate
from breakeven.runner.cell.boot import Later
from breakeven.runner.cell.gate import Door, Gate, Gatekeeper, Place
from breakeven.runner.planning.interpreters import MAIN
from tests.patience import PATIENCE_S

WORKERS = 3


class Seen:
    """What the parent is told."""

    def __init__(self) -> None:
        self.late = threading.Event()
        self.failed = threading.Event()


@pytest.fixture
def seen() -> Seen:
    """Return what the parent is told."""
    return Seen()


@pytest.fixture
def keeper(tmp_path: Path, seen: Seen) -> Iterator[Gatekeeper]:
    """Return the parent's side of a gate for three workers."""
    made = Gatekeeper(str(tmp_path), WORKERS, seen.late.set, seen.failed.set)
    yield made
    made.close()


def _meet(places: list[Place]) -> list[str]:
    """Have workers wait at the gate; return how each came through."""

    def wait(place: Place) -> str:
        try:
            place.wait()
        except threading.BrokenBarrierError:
            return "broken"
        return "passed"

    with ThreadPoolExecutor(len(places)) as pool:
        return list(pool.map(wait, places))


def test_each_worker_has_a_place_of_its_own(keeper: Gatekeeper) -> None:
    """However many draw at once."""
    with ThreadPoolExecutor(16) as pool:
        places = list(pool.map(lambda _: keeper.gate.enter(), range(16)))
    assert sorted(place.index for place in places) == list(range(16))


def test_all_pass_together_again_and_again(keeper: Gatekeeper, seen: Seen) -> None:
    """The gate opens when all have arrived, and closes behind them."""
    places = [keeper.gate.enter() for _ in range(WORKERS)]
    for _ in range(20):
        keeper.expect(PATIENCE_S)
        assert _meet(places) == ["passed"] * WORKERS
    assert not seen.late.is_set()


def test_nobody_waits_for_a_worker_that_does_not_come(keeper: Gatekeeper, seen: Seen) -> None:
    """The others are let go, and the parent is told."""
    places = [keeper.gate.enter() for _ in range(WORKERS)]
    keeper.expect(0.05)
    assert _meet(places[1:]) == ["broken"] * (WORKERS - 1)
    assert seen.late.wait(PATIENCE_S)
    keeper.expect(PATIENCE_S)
    assert _meet(places) == ["passed"] * WORKERS


def test_nor_if_none_comes(keeper: Gatekeeper, seen: Seen) -> None:
    """The parent is told."""
    keeper.expect(0.05)
    assert seen.late.wait(PATIENCE_S)


def test_one_worker_too_many_breaks_the_gate(keeper: Gatekeeper, seen: Seen) -> None:
    """A library replaced a worker: what the new one does would be counted nowhere."""
    places = [keeper.gate.enter() for _ in range(WORKERS + 1)]
    keeper.expect(PATIENCE_S)
    assert _meet(places[1:]) == ["broken"] * WORKERS
    assert seen.late.is_set()


def test_a_worker_breaks_the_gate_or_ends_the_run(keeper: Gatekeeper, seen: Seen) -> None:
    """Each has a call of its own to the parent."""
    first, *others = [keeper.gate.enter() for _ in range(WORKERS)]
    keeper.expect(PATIENCE_S)
    threading.Timer(0.05, first.abort).start()
    assert _meet(others) == ["broken"] * len(others)
    first.fail()
    assert seen.failed.wait(PATIENCE_S)


def test_a_gate_that_nobody_expected_is_closed(tmp_path: Path) -> None:
    """Its thread starts with the first meeting, so that processes are forked before."""
    before = threading.active_count()
    Gatekeeper(str(tmp_path), 1, lambda: None, lambda: None).close()
    assert threading.active_count() == before


def test_a_function_travels_to_a_process_that_does_not_know_it(tmp_path: Path) -> None:
    """Unpickling it loads the package, by import or by path, whatever lies in the working directory."""
    (tmp_path / "runpy.py").write_text("raise SystemExit('not mine')")
    script = "import pickle, sys; print(pickle.load(sys.stdin.buffer).__module__)"
    pickled = pickle.dumps(Door(gate.join))
    asked = [sys.executable, "-I", "-c", script]
    done = subprocess.run(asked, input=pickled, capture_output=True, cwd=tmp_path, check=True)
    assert done.stdout.decode().strip() == "breakeven.runner.cell.gate"


def test_so_it_does_from_a_measured_process(tmp_path: Path) -> None:
    """There the package has another name, and no folder in which it could be looked for."""
    load = "import pickle, sys; print(pickle.loads(bytes.fromhex(sys.argv[1])).__module__)"
    script = (
        f"import runpy, subprocess, sys; runpy.run_path({str(MAIN)!r}, run_name='main')\n"
        "import pickle\nfrom breakeven_cell.gate import Door, join\n"
        f"asked = [sys.executable, '-I', '-c', {load!r}, pickle.dumps(Door(join)).hex()]\n"
        "subprocess.run(asked, check=True)\n"
    )
    asked = [sys.executable, "-I", "-c", script]
    done = subprocess.run(asked, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.strip() == "breakeven_cell.gate"


def test_a_function_that_stays_is_called() -> None:
    """A pool of threads pickles nothing."""
    assert Door(os.path.join)("a", "b") == "a/b"


def test_what_is_to_be_unpickled_late_survives_a_stop_on_its_way() -> None:
    """A scheduler may unpickle and pickle the message that it passes on."""
    first: Later = pickle.loads(ForkingPickler.dumps(Later(("what", 1))))  # noqa: S301  # our own
    second: Later = pickle.loads(pickle.dumps(first))  # noqa: S301  # our own
    assert first.get() == second.get() == ("what", 1)


def test_a_gate_is_a_path_and_a_process() -> None:
    """It travels as such."""
    made = Gate("/folder", 7)
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301  # our own
