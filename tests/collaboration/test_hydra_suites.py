"""Hydra's own test suites for launchers and sweepers, run with ours."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from hydra.test_utils.launcher_common_tests import (
    BatchedSweeperTestSuite,
    IntegrationTestSuite,
    LauncherTestSuite,
)
from hydra.test_utils.test_utils import TSweepRunner
from hydra.version import VersionBase
from omegaconf import DictConfig, OmegaConf

from breakeven.runner import engines
from breakeven.runner.hydra_app.command import run as main
from tests.commands import python_path
from tests.fakes import FakeEngine

Sweep = Callable[..., list[list[JobReturn]]]
ROOT = Path(__file__).parents[2]
OURS = ["hydra/sweeper=breakeven"]

# the suites leave open how Hydra is to behave, and Hydra 1.3 then does as 1.1 did and says so
as_hydra_1_1 = pytest.mark.filterwarnings(
    "ignore:Future Hydra versions will no longer change working directory"
)


@pytest.fixture(scope="module", autouse=True)
def _as_in_a_process_of_its_own() -> Iterator[None]:
    """Let Hydra look for plugins before a test saves its state, and forget how earlier tests told it to behave."""
    Plugins.instance()
    before = Singleton.get_state()
    Singleton.set_state(before | {"instances": _without(VersionBase, before["instances"])})
    yield
    Singleton.set_state(before)


def _without(kind: type, instances: dict[type, Any]) -> dict[type, Any]:
    return {known: instance for known, instance in instances.items() if known is not kind}


@as_hydra_1_1
@pytest.mark.parametrize(
    ("launcher_name", "overrides"),
    [
        pytest.param("breakeven", [], id="hydras_sweeper"),
        pytest.param("breakeven", OURS, id="our_sweeper"),
        pytest.param("basic", OURS, id="our_sweeper_hydras_launcher"),
    ],
)
class TestLauncher(LauncherTestSuite):
    """Jobs, their configurations, folders and return values are what Hydra's users expect."""


@as_hydra_1_1
@pytest.mark.parametrize(
    ("launcher_name", "overrides"),
    [
        pytest.param("breakeven", [*OURS, "hydra.sweeper.max_batch_size=2"], id="both"),
        pytest.param("basic", [*OURS, "hydra.sweeper.max_batch_size=2"], id="hydras_launcher"),
    ],
)
class TestSweeper(BatchedSweeperTestSuite):
    """Batches have the jobs in order, numbered through, each in a folder of its own."""


@pytest.mark.parametrize(
    ("task_launcher_cfg", "extra_flags"),
    [
        pytest.param(
            {
                "defaults": [
                    {"override hydra/launcher": "breakeven"},
                    {"override hydra/sweeper": "breakeven"},
                    {"override hydra/hydra_logging": "disabled"},
                    {"override hydra/job_logging": "disabled"},
                ]
            },
            ["-m"],
            id="both",
        )
    ],
)
class TestIntegration(IntegrationTestSuite):
    """Names, folders and working directories hold in a program that a user starts."""

    @pytest.fixture(autouse=True)
    def _importable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the program that the suite starts find the plugin of this source tree."""
        monkeypatch.setenv("PYTHONPATH", python_path())


# --- what the suites leave out ---------------------------------------------------------------------------


class Recorder(Callback):
    """Keeps what Hydra tells a callback."""

    told: ClassVar[list[tuple[str, int]]] = []

    def on_job_start(self, config: DictConfig, **_: Any) -> None:
        """Keep the number of a job that begins."""
        self.told.append(("start", config.hydra.job.num))

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **_: Any) -> None:
        """Keep the number of a job that ended."""
        del job_return
        self.told.append(("end", config.hydra.job.num))


@pytest.fixture
def sweep(tmp_path: Path, hydra_sweep_runner: TSweepRunner, hydra_restore_singletons: None) -> Sweep:
    """Sweep with our launcher and sweeper over the configuration that Hydra brings for tests."""
    del hydra_restore_singletons

    def run(task: Callable[[DictConfig], Any], *overrides: str) -> list[list[JobReturn]]:
        runner = hydra_sweep_runner(
            calling_file=None,
            calling_module="hydra.test_utils.a_module",
            task_function=task,
            config_path="configs",
            config_name="compose",
            overrides=["hydra/launcher=breakeven", *OURS, "hydra.job.chdir=false", *overrides],
            temp_dir=tmp_path / "sweep",
        )
        runner.__enter__()  # its exit would remove the folder that is looked at
        returns: list[list[JobReturn]] = runner.returns  # type: ignore[assignment]  # Hydra annotates None
        return returns

    return run


@pytest.mark.parametrize("overrides", [("group1=file1,nothing",), ("bar=1,2", "nothing=1")], ids=str)
def test_all_jobs_are_composed_before_the_first_runs(sweep: Sweep, overrides: tuple[str, ...]) -> None:
    """A mistake in the last job of a sweep costs nothing."""
    ran: list[DictConfig] = []
    with pytest.raises(HydraException):
        sweep(ran.append, *overrides)
    assert ran == []


def test_jobs_run_as_they_were_composed(sweep: Sweep) -> None:
    """Each has its own configuration and number; what one does to its configuration is not seen by the next."""

    def task(config: DictConfig) -> int:
        config.foo = -1
        return int(config.bar) * 2 + int(HydraConfig.get().job.num)

    (returns,) = sweep(task, "bar=1,2,3")
    assert [job.return_value for job in returns] == [2, 5, 8]
    assert [job.hydra_cfg.hydra.job.id for job in returns if job.hydra_cfg] == ["0", "1", "2"]


@pytest.mark.usefixtures("hydra_restore_singletons")
def test_a_file_that_is_edited_meanwhile_changes_nothing(
    tmp_path: Path, hydra_sweep_runner: TSweepRunner
) -> None:
    """All jobs run with what the files said when the sweep began."""
    file = tmp_path / "config.yaml"
    file.write_text("a: 1\nb: 1\n")

    def task(config: DictConfig) -> int:
        file.write_text("a: 1\nb: 2\n")
        return int(config.b)

    with hydra_sweep_runner(
        calling_file=str(tmp_path / "task.py"),
        calling_module=None,
        task_function=task,
        config_path=".",
        config_name="config",
        overrides=["hydra/launcher=breakeven", *OURS, "hydra.job.chdir=false", "a=1,2,3"],
        temp_dir=tmp_path / "sweep",
    ) as sweep:
        assert sweep.returns is not None
        assert [job.return_value for job in sweep.returns[0]] == [1, 1, 1]


@pytest.mark.filterwarnings(
    r"ignore:\s*hydra.utils.instantiate\(\) resolved"
)  # 1.4 wants a list of trusted targets
def test_callbacks_and_environment_are_hydras(sweep: Sweep) -> None:
    """Callbacks are told of each job, and its environment is set for as long as it runs."""
    Recorder.told.clear()
    (returns,) = sweep(
        lambda _: os.environ["OF_THE_JOB"],
        "bar=1,2",
        f"+hydra.callbacks.recorder._target_={__name__}.Recorder",
        "+hydra.job.env_set.OF_THE_JOB=job ${hydra:job.num}",
    )
    assert [job.return_value for job in returns] == ["job 0", "job 1"]
    assert Recorder.told == [("start", 0), ("end", 0), ("start", 1), ("end", 1)]
    assert "OF_THE_JOB" not in os.environ


def test_a_job_that_fails_does_not_stop_its_batch(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    """What it raised is raised at the end of the batch, and the next batch does not begin."""
    ran: list[int] = []

    def task(config: DictConfig) -> None:
        ran.append(config.bar)
        if config.bar == 1:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sweep(task, "bar=1,2,3", "hydra.sweeper.max_batch_size=2")
    assert ran == [1, 2]
    assert "Error executing job with overrides: ['bar=1']" in capsys.readouterr().err


def test_conditions_hold_for_any_task(sweep: Sweep, caplog: pytest.LogCaptureFixture) -> None:
    """Cells are chosen by their composed configuration, numbered without gaps, and told of in the log."""
    (returns,) = sweep(
        lambda config: (config.foo, config.bar, HydraConfig.get().job.num),
        "group1=file1,file2",
        "bar=5,15,25",
        'hydra.sweeper.exclude=[{group1:file2,bar:"> ${foo}"},{bar:[5,7]},{bar:"99"}]',
    )
    assert [job.return_value for job in returns] == [(10, 15, 0), (10, 25, 1), (20, 15, 2)]
    assert caplog.messages[0] == "hydra.sweeper.exclude: {bar:'99'} matches no cell of the grid"


def test_zipped_axes_and_grids_hold_for_any_task(sweep: Sweep) -> None:
    """Lists and texts of YAML reach the sweeper as what they are, in batches as in one."""
    batches = sweep(
        lambda config: (config.foo, config.bar),
        "hydra.sweeper.zip=[{foo:[1,2],bar:[3,4]}]",
        "hydra.sweeper.grids=[{group1:file1},{zip:[{foo:[5,6,7],bar:[8,9,0]}]}]",
        "hydra.sweeper.max_batch_size=3",
    )
    assert [len(batch) for batch in batches] == [3, 2]
    values = [job.return_value for batch in batches for job in batch]
    assert values == [(1, 3), (2, 4), (5, 8), (6, 9), (7, 0)]


def test_a_sweep_is_described_where_hydra_does(sweep: Sweep, tmp_path: Path) -> None:
    """multirun.yaml says what was typed, and each job's folder has its configuration."""
    sweep(lambda _: None, "bar=1,2")
    described = OmegaConf.load(tmp_path / "sweep" / "multirun.yaml")
    assert described.hydra.overrides.task == ["bar=1,2"]
    assert OmegaConf.load(tmp_path / "sweep" / "1" / ".hydra" / "config.yaml") == {"foo": 10, "bar": 2}


# --- with our application --------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Type a sweep in an empty folder; runs are made up."""
    FakeEngine.reset()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(engines.REGISTRY, "local", "tests.fakes:FakeEngine")
    return lambda *arguments: main(["-m", *arguments, "rounds=1", "sweep=mine"])


def _measured() -> set[tuple[str, int]]:
    return {(run.cell.model, run.cell.workers) for run in FakeEngine.made}


@pytest.mark.parametrize("batches", ["null", "2"])
def test_unwanted_cells_are_not_measured(command: Callable[..., int], batches: str) -> None:
    """A condition may name the option of a group and compare knobs of one cell; batches land in one sweep."""
    assert (
        command(
            *("model=thread,process", "workers=1,2,8", "tasks=4", f"hydra.sweeper.max_batch_size={batches}"),
            'hydra.sweeper.exclude=[{model:thread,workers:"> ${tasks}"},{model.start_method:fork,workers:1}]',
        )
        == 0
    )
    assert _measured() == {("thread", 1), ("thread", 2), ("process", 2), ("process", 8)}
    assert [path.name for path in Path().iterdir()] == ["outputs"]


def test_conditions_stand_in_an_experiment(command: Callable[..., int], tmp_path: Path) -> None:
    """YAML says the same as the command line."""
    (tmp_path / "own" / "experiment").mkdir(parents=True)
    (tmp_path / "own" / "experiment" / "few.yaml").write_text("""\
# @package _global_
hydra:
  sweeper:
    params: {model: "thread,process"}
    zip:
      - {workers: "1,2,4", tasks: "8,16,32"}
    only:
      - {model: thread}
      - {workers: "> 1", task: "<= 1ms"}
""")
    assert command("--config-dir", "own", "+experiment=few") == 0
    assert _measured() == {("thread", 1), ("thread", 2), ("thread", 4), ("process", 2), ("process", 4)}
    assert {(run.cell.workers, run.cell.tasks) for run in FakeEngine.made} == {(1, 8), (2, 16), (4, 32)}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            "hydra.sweeper.exclude=[{workers:[1,2]}]",
            "hydra.sweeper.exclude leaves none of the 2 cells of the grid",
        ),
        (
            "hydra.sweeper.only=[{worker:1}]",
            "hydra.sweeper.only: worker: no such knob (did you mean workers?)",
        ),
        (
            "hydra.sweeper.exclude=[{workers:'>1ms'}]",
            "hydra.sweeper.exclude: workers=1 cannot be compared with 1ms",
        ),
        ("hydra.sweeper.zip=[{workers:[1,2],tasks:[1,2,3]}]", "zip: tasks has 3 values and workers has 2"),
        (
            "hydra.sweeper.max_batch_size=0",
            "hydra.sweeper.max_batch_size=0: not a whole number of at least 1",
        ),
    ],
)
def test_a_mistake_is_one_line_and_nothing_runs(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str], override: str, said: str
) -> None:
    """The exit code is that of bad input."""
    typed = ("workers=1,2",) if "zip" not in override else ()
    assert command(*typed, override) == 2
    shown = capsys.readouterr().err
    assert shown.startswith(said)
    assert shown.count("\n") == 1
    assert FakeEngine.made == []
    assert list(Path().iterdir()) == []


def test_an_interruption_ends_all_batches(command: Callable[..., int]) -> None:
    """What Ctrl-C ended does not go on with the next batch."""
    FakeEngine.interrupt_at = 1
    assert command("workers=1,2,3,4", "hydra.sweeper.max_batch_size=2") == 130
    assert len(FakeEngine.made) == 1
