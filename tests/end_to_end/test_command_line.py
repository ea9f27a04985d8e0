"""The command line as a user types it: real processes, real runs."""

import json
import signal
from pathlib import Path

import pandas as pd
import pytest
import yaml

from breakeven.runner.cell import models
from tests import commands
from tests.commands import QUIET, Command
from tests.patience import PATIENCE_S, wait_for

SHORT = ("rounds=1", "tasks=4", "task=200us", "measure.min_trials=2", "measure.max_time=50ms", "sweep=mine")


@pytest.fixture(autouse=True)
def warnings_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a warning end whatever is typed."""
    monkeypatch.setenv("PYTHONWARNINGS", "error")


def test_one_cell_is_measured(command: Command, tmp_path: Path) -> None:
    """Its rows can be read, and nothing but the results folder appears."""
    done = command("model=thread", *SHORT)
    assert (done.returncode, "1/1 ok spin 1KiB 200us thread/queue x2 " in done.stderr) == (0, True), (
        done.stderr
    )
    runs = pd.read_parquet(tmp_path / "outputs" / "mine" / "runs")
    assert list(runs.status) == ["ok"]
    assert "measure.max_time=50ms" in runs.overrides[0]
    assert [path.name for path in tmp_path.iterdir()] == ["outputs"]


def test_equal_cells_are_not_called_different(command: Command) -> None:
    """Cells that differ in their label alone are measured apart and compared; neither is found to be faster."""
    done = command(
        "-m", "label=a,b", "workload=sleep", "model=thread", *commands.changed(SHORT, "rounds=3"), QUIET
    )
    assert done.returncode == 0, done.stderr
    compared = command(
        *("compare", "label=a", "label=b", "--in", "outputs/mine"),
        *("--fail-on", "faster,slower", "--band", "20%", "--format", "json"),
        program="analysis",
    )
    assert compared.returncode == 0, compared.stdout + compared.stderr
    (cell,) = json.loads(compared.stdout)["cells"]
    assert (cell["rounds_a"], cell["rounds_b"]) == (3, 3)
    assert cell["verdict"] in ("same", "cannot tell")


def test_a_run_tells_what_the_kernel_saw(command: Command, tmp_path: Path) -> None:
    """Counts of every trial, facts of the run, a row for each worker and the parent."""
    done = command("model=process", "affinity=compact", *SHORT, QUIET)
    assert done.returncode == 0, done.stderr
    trials, runs, workers = (
        pd.read_parquet(tmp_path / "outputs" / "mine" / name) for name in ("trials", "runs", "workers")
    )
    counted = ["steal_ns", "busy_ns", "run_delay_ns", "longest_wait_ns", "runnable", "voluntary_switches"]
    assert trials[counted].notna().all(axis=None)
    assert (trials.longest_wait_ns <= trials.run_delay_ns).all()
    assert trials.start_ns.is_monotonic_increasing
    facts = ["clock_step_ns", "clock_error_ns", "hash_seed", "load_1m", "python_build", "memory_bytes"]
    assert runs[facts].notna().all(axis=None)
    assert sorted(workers.worker) == [-1, 0, 1]
    assert (workers.peak_bytes >= workers.pss_bytes).all()
    assert workers.pid.nunique() == 3
    own = workers[workers.worker >= 0]
    assert (own[["create_ns", "join_ns"]] > 0).all(axis=None)
    assert (own.clock_offset_low_ns <= 0).all()
    assert (own.clock_offset_high_ns >= 0).all()


def test_a_grid_is_measured_and_carried_on_with(command: Command, tmp_path: Path) -> None:
    """What cannot exist has its reason; the second time there is nothing left to do."""
    grid = ("-m", "model=thread,process", "ipc=reference,pipe", *SHORT)
    first, second = command(*grid), command(*grid)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    runs = pd.read_parquet(tmp_path / "outputs" / "mine" / "runs")
    assert sorted(runs.status) == ["incompatible", "ok", "ok", "ok"]
    assert "0 runs, 3 already done, 1 incompatible" in second.stderr


def test_ones_own_function_is_measured(command: Command, tmp_path: Path) -> None:
    """It is imported from the folder where the command is typed."""
    (tmp_path / "work.py").write_text("def add(a, b):\n    return sum(range(a)) + b\n")
    target = (
        "workload=function",
        "workload.target=work:add",
        "workload.args=[1000]",
        "+workload.kwargs.b=2",
    )
    done = command("model=process", *target, *SHORT)
    assert (done.returncode, "1/1 ok" in done.stderr) == (0, True), done.stderr


def test_the_debug_engine_measures_in_this_process(command: Command) -> None:
    """Workers that are spawned import this program's main module again, which does nothing then."""
    done = command(
        "engine=debug", "model=process", "model.start_method=spawn", *SHORT, PYTHONWARNINGS="default"
    )
    assert (done.returncode, "1/1 ok" in done.stderr) == (0, True), done.stderr


def test_a_failing_function_is_a_failed_run(command: Command, tmp_path: Path) -> None:
    """The sweep ends with exit code 1 and tells why."""
    (tmp_path / "work.py").write_text("def fail():\n    raise ValueError('no such luck')\n")
    done = command("model=thread", "workload=function", "workload.target=work:fail", *SHORT)
    assert (done.returncode, "no such luck" in done.stderr) == (1, True), done.stderr
    assert "Traceback" not in done.stderr


def test_an_edited_function_and_a_debug_run_are_other_measurements(command: Command, tmp_path: Path) -> None:
    """Neither stands in for the present function, measured for real, under the same sweep name."""
    arguments = ("model=thread", "workload=function", "workload.target=work:add", *SHORT)
    (tmp_path / "work.py").write_text("def add():\n    return 1\n")
    assert command(*arguments, QUIET).returncode == 0
    assert command(*arguments, QUIET, "engine=debug").returncode == 0
    (tmp_path / "work.py").write_text("def add():\n    return 2\n")
    refused = command(*arguments)
    assert refused.returncode == 2
    assert "mine holds 1 run measured under other conditions (source of the function: " in refused.stderr
    again = command(*arguments, QUIET, "on_change=remeasure")
    assert again.returncode == 0, again.stderr
    assert "0 runs, 1 already done" in command(*arguments).stderr
    runs = pd.read_parquet(tmp_path / "outputs" / "mine" / "runs")
    assert sorted(runs.engine) == ["debug", "local"]
    assert runs.source.nunique() == 2


def test_the_version_is_the_projects(command: Command) -> None:
    """It is not that of a library."""
    assert command("--version").stdout.startswith("breakeven ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_and_its_like_keep_what_was_measured(tmp_path: Path, number: signal.Signals) -> None:
    """The exit code is 130, and the same command with the sweep's name resumes it."""
    arguments = ["-m", "workers=1,2", "model=thread", "rounds=50", "measure.max_time=100ms", "sweep=mine"]
    process = commands.start(commands.module("runner", *arguments), tmp_path)
    stored = tmp_path / "outputs" / "mine" / "runs"
    wait_for(lambda: list(stored.glob("*.parquet")))
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, said
    assert said.endswith(f"breakeven run {' '.join(arguments)}\n")
    assert "interrupted; what was measured is kept. Resume with: " in said
    assert set(pd.read_parquet(stored).status) == {"ok"}


def test_a_sweep_outlives_its_terminal_if_asked(tmp_path: Path) -> None:
    """A hang-up is ignored if whoever started it has asked for that, as nohup does."""
    arguments = ["model=thread", *commands.changed(SHORT, "rounds=3")]
    process = commands.start(["nohup", *commands.module("runner", *arguments)], tmp_path)
    log = tmp_path / "outputs" / "mine" / "sweep.log"
    wait_for(log.exists)
    process.send_signal(signal.SIGHUP)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    assert len(pd.read_parquet(tmp_path / "outputs" / "mine" / "runs")) == 3


def test_help_is_the_projects_own(command: Command) -> None:
    """It says what to type, what to choose from and which knobs there are."""
    done = command("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for part in (
        "== Use ==",
        "breakeven run +experiment=tour",
        "model: ",
        *models.REGISTRY,
        "rel_ci: 0.02",
    ):
        assert part in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 130


def test_hydras_help_works(command: Command) -> None:
    """--hydra-help lists the options of the command line."""
    done = command("--hydra-help")
    assert (done.returncode, "--multirun" in done.stdout) == (0, True), done.stderr


def test_the_configuration_is_shown_whole(command: Command) -> None:
    """--cfg job is YAML with every knob, and runs nothing."""
    done = command("--cfg", "job", "--resolve", "pattern=window", "model=mp_pool")
    shown = yaml.safe_load(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert shown["pattern"] == {"name": "window", "bin": "500us"}
    assert shown["model"]["chunksize"] is None
    assert shown["payload_out"] == "1KiB"


def test_the_shell_completes(command: Command) -> None:
    """The script can be installed, and knows groups, choices and knobs."""
    assert "complete -o nospace" in command("-sc", "install=bash").stdout
    for line, choice in {
        "model=thr": "model=thread_pool",
        "run model=thr": "model=thread_pool",
        "measure.m": "measure.max_time=",
        "+experiment=t": "+experiment=tour",
    }.items():
        done = command("-sc", "query=bash", COMP_LINE=f"breakeven {line}", COMP_POINT="0")
        assert choice in done.stdout.split(), (line, done.stdout, done.stderr)


def test_importing_the_main_module_does_nothing() -> None:
    """A worker that is spawned imports it as __mp_main__."""
    done = commands.run(commands.script("import runner.__main__"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
