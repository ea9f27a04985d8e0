"""Whatever is typed wrongly: one line that says so, exit code 2, and nothing has run."""

from pathlib import Path

import pytest

from breakeven.runner.cell import models
from breakeven.runner.hydra_app.command import run as main
from tests import commands
from tests.commands import ROOT

MODELS = ", ".join(sorted(models.REGISTRY))

EXPERIMENTS = ", ".join(sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml")))

LINES = [
    (["measure.max_tme=2s"], "measure.max_tme: no such knob (did you mean measure.max_time?); the knobs are measure.warmup, measure.max_warmup, measure.min_trials, measure.fewest_trials, measure.max_trials, measure.max_time, measure.rel_ci, measure.traced"),
    (["pattern.bin=2ms"], "pattern.bin: the chosen pattern has no such knob; --cfg job lists its knobs"),
    (["model=threads"], f"model=threads: no such choice (did you mean thread?); choose one of {MODELS}"),
    (["-m", "model=thread,threads"], f"model=threads: no such choice (did you mean thread?); choose one of {MODELS}"),
    (["+experiment=nope"], f"+experiment=nope: no such choice; choose one of {EXPERIMENTS}"),
    (["experiment=tour"], "experiment=...: an experiment is added with a plus sign; write +experiment=NAME"),
    (["budget=10"], "budget=10: the unit is missing; write for example 10s (units: ns us ms s min)"),
    (["limits.memory=512"], "limits.memory=512: the unit is missing; write for example 512MiB (units: B KB KiB MB MiB GB GiB)"),
    (["payload=10"], "payload=10: the unit is missing; write for example 10B (units: B KB KiB MB MiB GB GiB)"),
    (["-m", "task=1ms,5sec"], "task=5sec: sec is not a unit of time; the units are ns us ms s min"),
    (["workers=0"], "workers=0: not a whole number from 1 to 4096; write one, such as workers=2"),
    (["-m", "tasks=4,-1"], "tasks=-1: not a whole number from 1 to 2147483647; write one, such as tasks=2"),
    (["rounds=0"], "rounds=0: not a whole number from 1 to 2147483647; write one, such as rounds=2"),
    (["engine=local,debug"], "engine: a sweep has one engine, not several; choose one, and start another sweep for the other"),
    (["interpreter=/opt/x/python"], "interpreter=/opt/x/python is no executable file; write its path, as in interpreter=/path/to/python"),
    (["workers=[1"], "workers=[1: cannot be read; write KEY=VALUE, and quote special characters, as in 'KEY=\"a b\"'"),
    (["workers"], "workers: cannot be read; write KEY=VALUE, and quote special characters, as in 'KEY=\"a b\"'"),
    (["--workers=3"], "--workers=3: no such option; a knob is written without dashes, as workers=3; --help shows all"),
    (["--quick"], "--quick: no such option; a knob is written without dashes, as quick=VALUE; --help shows all"),
    (["--cfg", "nope"], "argument --cfg/-c: invalid choice: 'nope' (choose from 'job', 'hydra', 'all'); --help shows the options"),
    (["--resolve"], "--resolve: needs --cfg or --help; add one of them"),
    (["-m", "--cfg", "job"], "--run, --multirun, --cfg, --info and --shell-completion exclude each other; choose one"),
    (["--cfg", "job", "workers=1,2"], "workers=1,2: several values make a sweep, but this needs one configuration; write one value"),
    (["--cfg", "job", "workers=range(1,3)"], "workers=range(1,3): several values make a sweep, but this needs one configuration; write one value"),
    (["payload=${nope}"], "payload=${nope}: there is no nope; name a knob that exists, such as ${payload}"),
    (["payload=???"], "payload: needs a value; set it with payload=VALUE"),
    (["workload={name: spin, x: 3}"], "workload: cannot be set this way; choose with workload=NAME, set its knobs with workload.KNOB=VALUE"),
    (["workload=function", "workload.kwargs={b: 2}"], "workload.kwargs: entries are added one by one; write +workload.kwargs.NAME=VALUE"),
    (["workload=function", "workload.kwargs.b=2"], "workload.kwargs.b: entries are added one by one; write +workload.kwargs.NAME=VALUE"),
    (["--config-name", "nope"], "nope: no such configuration file; leave --config-name out"),
    (["~measure.warmup"], "measure.warmup: missing from the configuration; remove the override that deletes it, or add it to your config.yaml"),
    (["hydra/help=nope"], "hydra/help=nope: no such choice; choose one of breakeven, default"),
]  # fmt: skip

STARTS = [
    (["workrs=2"], "workrs: no such knob (did you mean workers?); the knobs are sweep, outputs, "),
    (["+foo=1"], "foo: no such knob; the knobs are sweep, outputs, "),
    (["payload=10000GB"], "payload=10000GB: with payload_out=10000GB one trial would hold "),
    (["interpreter.path=/no/such/python"], "interpreter=/no/such/python is no executable file; "),
    (["workload=function", "workload.target=nowhere:f"], "nowhere:f cannot be imported by "),
    (["outputs=/proc/version"], "cannot write results to /proc/version/"),
    (["--config-dir", "/no/such"], "Additional config directory '/no/such' not found"),
]  # fmt: skip


def _refused(arguments: list[str], folder: Path) -> str:
    done = commands.run(commands.module("runner", *arguments), folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert list(folder.iterdir()) == []
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "line"), [LINES[0], LINES[2], LINES[4], LINES[6], LINES[8], LINES[13], *STARTS], ids=str
)
def test_a_real_process_says_one_line(arguments: list[str], line: str, tmp_path: Path) -> None:
    """No traceback, no word of Hydra's, nothing left in the folder."""
    said = _refused(arguments, tmp_path)
    assert said.startswith(line)
    assert said.count("\n") == 1


@pytest.mark.parametrize(("arguments", "line"), LINES, ids=str)
def test_every_refusal_word_for_word(
    arguments: list[str],
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The value, where it stands, the remedy and the known alternatives."""
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"{line}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_ones_own_that_is_no_yaml(tmp_path: Path) -> None:
    """A choice added with --config-dir is read with the same care."""
    own = tmp_path / "own" / "model"
    own.mkdir(parents=True)
    (own / "odd.yaml").write_text("name: [thread\n")
    folder = tmp_path / "empty"
    folder.mkdir()
    said = _refused(["--config-dir", str(own.parent), "model=odd"], folder)
    assert "odd.yaml" in said
    assert said.count("\n") == 1


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A file where the results folder should be is named."""
    target = tmp_path / "taken"
    target.write_text("")
    folder = tmp_path / "empty"
    folder.mkdir()
    assert _refused([f"outputs={target}", "sweep=mine"], folder) == (
        f"cannot write results to {target}/mine: Not a directory; "
        "free or unlock that folder, or choose another with outputs=FOLDER\n"
    )
