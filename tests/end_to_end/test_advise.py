"""`breakeven advise` as a user types it: real races for small functions, in a folder of the user's."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.patience import PATIENCE_S, SWEEPS_S

MINE = """\
import threading
import time

NUMBERS = list(range(16))


def wait(number):
    time.sleep(0.003)
    return number


def wait_long(number):
    time.sleep(0.012)
    return number


def add(number):
    return number + 1


class Handle:
    def __init__(self, number):
        self.number, self.lock = number, threading.Lock()

    def __eq__(self, other):
        return self.number == other.number


def handle(number):
    time.sleep(0.003)
    return Handle(number)


def fail(number):
    raise ValueError("no such luck")
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder with the user's module."""
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


def advise(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Type the command in the folder."""
    command = [sys.executable, "-m", "breakeven", "advise", *words]
    return subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=SWEEPS_S, check=False)


def test_a_function_that_waits_gets_threads_and_code_that_runs(home: Path) -> None:
    """As many as there are candidates for; the answer follows from the files again, and the code is the user's call."""
    done = advise(
        home,
        "mine:wait_long",
        "--inputs",
        "mine:NUMBERS",
        "--models",
        "thread_pool",
        "workers=2,4,8",
        "--budget",
        "5min",
        "sweep=mine",
    )
    assert done.returncode == 0, done.stderr
    assert "a race of 3 candidates until the best is known within 10%" in done.stderr
    assert "Use a ThreadPoolExecutor of eight: " in done.stdout
    folder = home / "outputs/mine"
    found = json.loads((folder / "advice.json").read_text())
    assert found["decided"]
    assert found["speedup_low"] <= found["speedup"] <= found["speedup_high"]
    assert found["speedup"] > 4  # more than four can do
    table = pd.read_parquet(folder / "advice.parquet")
    assert list(table["stands"][:1]) == ["best"]
    assert len(table) == 4
    program = found["code"] + "\nprint(results)\n"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=home,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.stdout == f"{list(range(16))}\n", ran.stderr
    shown = subprocess.run(
        [sys.executable, "-m", "breakeven", "show", "outputs/mine", "--figure", "advice"],
        cwd=home,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert found["sentence"] in " ".join(shown.stdout.split())
    assert (folder / "figures/advice.png").exists()


def test_tiny_tasks_stay_serial(home: Path) -> None:
    """Nothing gains, and the table says by how much each loses."""
    done = advise(
        home,
        "mine:add",
        "--inputs",
        "mine:NUMBERS",
        "--models",
        "thread_pool,process_pool",
        "--budget",
        "5min",
        "sweep=add",
    )
    assert done.returncode == 0, done.stderr
    assert "Stay serial" in done.stdout
    found = json.loads((home / "outputs/add/advice.json").read_text())
    assert (found["decided"], found["cell_id"], found["speedup"]) == (True, None, 1.0)


def test_a_race_is_carried_on_where_it_was_stopped(home: Path) -> None:
    """With a budget for a few runs it says so; the same command with more of it makes no run twice."""
    words = (
        "mine:wait_long",
        "--inputs",
        "mine:NUMBERS",
        "--models",
        "thread_pool",
        "workers=2,4,8",
        "sweep=part",
    )
    first = advise(home, *words, "--budget", "1s")
    assert first.returncode == 0, first.stderr
    log = (home / "outputs/part/sweep.log").read_text()
    assert re.search(r"the budget (of 1s )?is over", log)  # a busy machine makes no run in this time
    runs = set((home / "outputs/part/runs").iterdir())
    written = (home / "outputs/part/search.json").read_text()
    done = advise(home, *words, "--budget", "5min")
    assert done.returncode == 0, done.stderr
    later = set((home / "outputs/part/runs").iterdir())
    assert runs < later
    assert json.loads((home / "outputs/part/search.json").read_text()) == json.loads(written)
    assert json.loads((home / "outputs/part/advice.json").read_text())["decided"]


def test_the_code_runs_as_it_is_shown(home: Path) -> None:
    """Of a function without parameters as well: nothing is to be filled in."""
    (home / "mine.py").write_text(MINE + "\n\ndef pause():\n    time.sleep(0.002)\n    return 7\n")
    done = advise(home, "mine:pause", "--models", "thread_pool", "workers=8", "sweep=pause")
    assert done.returncode == 0, done.stderr
    code = json.loads((home / "outputs/pause/advice.json").read_text())["code"]
    program = [sys.executable, "-c", f"{code}\nprint(results)"]
    ran = subprocess.run(program, cwd=home, capture_output=True, text=True, timeout=SWEEPS_S, check=False)
    assert ran.stdout == f"{[7] * 16}\n", ran.stderr


NEEDS_SET_UP = """

mine = threading.local()


async def main():
    mine.added = 5


def call(number, by):
    time.sleep(0.002)
    return number + mine.added + by
"""


def test_the_code_sets_up_what_the_function_needs(home: Path) -> None:
    """In each worker, as a hook did when it was measured, whatever the function and an async hook are called."""
    (home / "mine.py").write_text(MINE + NEEDS_SET_UP)
    options = ("workload.before=mine:main", "workload.args=[3]", "workers=8", "sweep=set-up")
    done = advise(home, "mine:call", "--inputs", "mine:NUMBERS", "--models", "thread_pool", *options)
    assert done.returncode == 0, done.stderr
    code = json.loads((home / "outputs/set-up/advice.json").read_text())["code"]
    assert "ThreadPoolExecutor" in code
    program = [sys.executable, "-c", f"{code}\nprint(results)"]
    ran = subprocess.run(program, cwd=home, capture_output=True, text=True, timeout=SWEEPS_S, check=False)
    assert ran.stdout == f"{[number + 8 for number in range(16)]}\n", ran.stderr


def test_results_that_no_process_can_send_leave_threads(home: Path) -> None:
    """One line says what was refused and why, and no run is spent on it."""
    done = advise(
        home,
        "mine:handle",
        "--inputs",
        "mine:NUMBERS",
        "--models",
        "thread_pool,mp_pool",
        "workers=4",
        "sweep=handle",
    )
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "Use a ThreadPoolExecutor of four: " in text
    assert re.search(
        r"refused the 3 candidates whose workers send pickles: result \d+\.lock \(of type lock\) cannot be pickled",
        text,
    )
    assert "failed" not in done.stderr + done.stdout


def test_a_long_list_is_answered_by_parts_of_it(home: Path) -> None:
    """A pass over all inputs takes as long as the budget: each run takes a part, and the answer says how many."""
    (home / "mine.py").write_text(MINE + "\n\nMANY = [list(range(number % 7)) for number in range(2000)]\n")
    done = advise(
        home,
        "mine:wait",
        "--inputs",
        "mine:MANY",
        "--models",
        "thread_pool",
        "workers=8",
        "--budget",
        "30s",
        "sweep=long",
    )
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "of the 2000 inputs, drawn anew for each round: all of them take about" in text
    found = json.loads((home / "outputs/long/advice.json").read_text())
    assert found["inputs_given"] == 2000
    assert 32 <= found["inputs_taken"] < 100
    assert found["decided"]
    assert found["speedup"] > 4  # more than four can do
    runs = pd.read_parquet(home / "outputs/long/runs")
    assert set(runs["tasks"]) == {found["inputs_taken"]}
    assert len(set(runs["payload_bytes"])) > 1  # another part each round


def test_ctrl_c_leaves_what_is_known_so_far(home: Path) -> None:
    """The exit code is that of any sweep, the answer says what is open, and the command that resumes it is named."""
    words = ("mine:wait", "--inputs", "mine:NUMBERS", "sweep=stopped")
    process = subprocess.Popen(
        [sys.executable, "-m", "breakeven", "advise", *words],
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    runs = home / "outputs/stopped/runs"
    seen: list[str] = []
    assert process.stderr is not None
    while sum(" ok " in line for line in seen) < 2:
        seen.append(process.stderr.readline())
        assert seen[-1], seen
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "interrupted; what was measured is kept. Resume with: " in err
    assert "Not decided. So far: " in out
    assert re.search(r"\d+ not measured yet", " ".join(out.split()))
    assert len(list(runs.iterdir())) >= 2
    assert not json.loads((home / "outputs/stopped/advice.json").read_text())["decided"]


def test_a_function_that_raises_is_no_advice(home: Path) -> None:
    """Its runs fail with its own words, and the exit code says so."""
    done = advise(home, "mine:fail", "--inputs", "mine:NUMBERS", "--models", "thread_pool", "workers=2")
    assert done.returncode == 1
    assert "no such luck" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "the following arguments are required: TARGET"),
        (("mine:wait", "model=thread"), "model=thread: the candidates have their own; --models thread keeps"),
        (("mine:wait", "fast"), "fast: neither an option nor KEY=VALUE"),
        (("mine:wait", "--regret", "2"), "hydra.sweeper.regret=2: not a share between 0 and 1"),
        (
            ("mine:wait", "--inputs", "mine:NUMBERS", "--models", "thred"),
            "--models thred: no such model (did you mean thread?); there are serial, ",
        ),
        (
            ("mine:wait", "--inputs", "mine:NUMBERS", "rounds=3"),
            "rounds: a race chooses how often it measures each cell",
        ),
        (("mine:gone",), "gone"),
        (("mine:wait", "--inputs", "mine:NUMBERS", "gc=default,off"), "gc: differs between cells"),
    ],
)
def test_a_mistake_is_one_line(home: Path, words: tuple[str, ...], said: str) -> None:
    """Before anything runs."""
    done = advise(home, *words)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (home / "outputs").exists()
