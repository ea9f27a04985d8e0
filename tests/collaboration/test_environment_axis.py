"""Environment and interpreter flags as axes and as conditions, with real runs; deleted files of stored runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from breakeven.analysis.comparing import compare
from breakeven.analysis.frames.load import load
from breakeven.analysis.summary.screen import summarise
from tests.commands import Command

QUICK = (
    *(
        "rounds=1",
        "tasks=2",
        "model=thread",
        "measure.max_time=20ms",
        "measure.warmup=0",
        "measure.max_warmup=0",
    ),
    *("measure.min_trials=2", "measure.max_trials=2", "measure.traced=1", "progress=lines", "sweep=mine"),
)
FUNCTION = """
import json, os, sys

def work():
    seen = [os.environ.get("MODE"), os.environ.get("GONE"), sys.flags.optimize, os.environ["PYTHONHASHSEED"]]
    with open("seen.jsonl", "a") as file:
        file.write(json.dumps(seen) + "\\n")
    return 1

if os.environ.get("MODE") == "broken":
    raise RuntimeError("MODE is broken")
"""


def _lines(path: Path) -> set[tuple[Any, ...]]:
    return {tuple(json.loads(line)) for line in path.read_text().splitlines()}


def test_the_function_sees_what_the_cell_sets(command: Command, tmp_path: Path) -> None:
    """Variables are set and removed, also of those that a new process is started with, options arrive, and the tables, labels and pairs know both."""
    (tmp_path / "mine.py").write_text(FUNCTION)
    done = command(
        *(
            "-m",
            "workload=function",
            "workload.target=mine:work",
            "environment.MODE=01,1",
            "environment.GONE=null",
        ),
        *("interpreter.flags=,-O", "environment.PYTHONHASHSEED=7", *QUICK),
        GONE="here",
    )
    assert done.returncode == 0, done.stderr
    assert _lines(tmp_path / "seen.jsonl") == {(m, None, o, "7") for m in ("01", "1") for o in (0, 1)}
    lab = load(tmp_path / "outputs" / "mine")
    assert set(lab.runs["variables"]) == {f"GONE\nMODE={m}\nPYTHONHASHSEED=7" for m in ("01", "1")}
    assert set(lab.runs["interpreter_flags"]) == {"", "-O"}
    assert set(lab.runs["hash_seed"]) == {7}
    assert {line for text in lab.runs["environment"] for line in text.split("\n")} >= {"MODE=01", "MODE=1"}
    (cells,) = summarise(lab).cells.values()
    assert set(cells.texts["environment"]) == {"MODE=01", "MODE=1"}
    assert "variant" not in cells.texts
    assert "-O MODE=01" in done.stderr
    pairs = compare("environment.MODE=01", "environment.MODE=1", within=lab.path)
    assert list(pairs["differs"]) == ["environment.MODE 01 v 1"] * 2
    assert set(
        compare("interpreter.flags=null", "interpreter.flags=-O", within=lab.path)["variables"]
    ) == set(lab.runs["variables"])


def test_planning_imports_the_function_as_it_will_be_called(command_here: Command, tmp_path: Path) -> None:
    """A variable that breaks its import is found before anything runs."""
    (tmp_path / "mine.py").write_text(FUNCTION)
    done = command_here("workload=function", "workload.target=mine:work", "environment.MODE=broken", *QUICK)
    assert (done.returncode, "RuntimeError: MODE is broken" in done.stderr) == (2, True)
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("interpreter.flags=-y", "cannot be started with interpreter.flags=-y: Unknown option: -y"),
        (
            "environment.PYTHONMALLOC=nonsense",
            "cannot be started with environment.PYTHONMALLOC=nonsense: Fatal",
        ),
        ("interpreter.flags=-E", "interpreter.flags=-E: -E cannot be used"),
    ],
)
def test_what_the_interpreter_rejects_is_refused(command_here: Command, override: str, why: str) -> None:
    """In one line, before anything runs."""
    done = command_here(override, *QUICK)
    assert (done.returncode, why in done.stderr, done.stderr.count("\n")) == (2, True, 1)


def test_another_environment_is_another_condition(command_here: Command, tmp_path: Path) -> None:
    """It is refused with the variable's name, or measured again; the same one is done."""
    assert command_here(*QUICK, OPENBLAS_NUM_THREADS="1").returncode == 0
    refused = command_here(*QUICK, OPENBLAS_NUM_THREADS="2")
    assert refused.returncode == 2
    assert "(environment: OPENBLAS_NUM_THREADS=1, now 2 (1 run))" in refused.stderr
    pooled = command_here(*QUICK, OPENBLAS_NUM_THREADS="1", PYTHONMALLOC="debug")
    assert "(environment: PYTHONMALLOC unset, now debug (1 run))" in pooled.stderr
    again = command_here(*QUICK, "on_change=remeasure", OPENBLAS_NUM_THREADS="2")
    assert (again.returncode, "moved 1 stored run to" in again.stderr) == (0, True)
    assert "1 already done" in command_here(*QUICK, OPENBLAS_NUM_THREADS="2").stderr
    (text,) = load(tmp_path / "outputs" / "mine").runs["environment"]
    assert "OPENBLAS_NUM_THREADS=2" in text.splitlines()


@pytest.mark.parametrize("table", ["trials", "workers", "spans"])
def test_a_deleted_file_of_a_stored_run_is_told_and_made_again(
    command_here: Command, tmp_path: Path, table: str
) -> None:
    """Only that run, and everybody who looks at the sweep says so."""
    asked = ("-m", "workers=1,2", *QUICK)
    assert command_here(*asked).returncode == 0
    folder = tmp_path / "outputs" / "mine"
    gone, *_ = sorted((folder / table).iterdir())
    gone.write_bytes(gone.read_bytes()[:-1])
    assert "1 of 2 runs to make" in command_here(*asked, "dry_run=true").stdout
    gone.unlink()
    lab = load(folder)
    assert lab.missing["table"].tolist() == [table]
    assert any(
        f"files of 1 stored run are missing (in {table})" in one.text for one in summarise(lab).cautions
    )
    assert (
        f"damaged: {table}/{gone.name}: it is missing"
        in command_here(str(folder), program="runner.status").stdout
    )
    assert "1 of 2 runs to make" in command_here(*asked, "dry_run=true").stdout
    again = command_here(*asked)
    assert f"1 file of 1 stored run is missing, such as outputs/mine/{table}/{gone.name}" in again.stderr
    assert "2 runs, 1 already done" not in again.stderr
    assert "1 already done" in again.stderr
    assert (gone.exists(), load(folder).missing.empty) == (True, True)
    shutil.rmtree(folder / table)
    assert "2 files of 2 stored runs are missing" in command_here(*asked).stderr
