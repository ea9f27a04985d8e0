"""What is typed or written in a file means what it says, or is refused in one line with what to write instead."""

from __future__ import annotations

import codecs
import shlex
from pathlib import Path

import pytest

from breakeven.analysis.frames.load import load
from breakeven.analysis.summary.screen import summarise
from breakeven.runner.hydra_app.command import run as main
from breakeven.runner.locks import HostLock

GLOBAL = "# @package _global_\n"
KEYS = "the keys are params, zip, grids, only, exclude, max_batch_size"
FILES = {
    "one": "hydra: {sweeper: {params: {model: thread}, grids: [{workers: 1}, {workers: 2}]}}",
    "two": "hydra: {sweeper: {params: {model: process}, grids: [{workers: '1,4'}], exclude: [{workers: 1}]}}",
    "knobs": "gc: freeze",
    "lists": "hydra: {sweeper: {params: {model: [thread, process], workers: [1, 2]}}}",
    "unsure": "hydra: {sweeper: {params: {interpreter.flags: ['-O', '-B']}}}",
    "nothing": "hydra: {sweeper: {params: {workers: []}}}",
    "typo": "hydra: {sweeper: {exlude: [{workers: 1}]}}",
    "odd": "hydra: {sweeper: {grids: [{workers: 1}, 3]}}",
    "named": "label: 3.10\nhydra: {sweeper: {params: {label: [3.10, 1e3, yes], interpreter: current}}}",
    "only": "hydra: {sweeper: {only: [{label: 3.10}, {label: 4}]}}",
    "odder": "hydra: {sweeper: {params: [1, 2]}}",
    "single": "hydra: {mode: RUN, sweeper: {params: {workers: '1,2'}}}",
    "no_sweeper": "hydra: {sweeper: null}",
    "no_key": "hydra: {sweper: {params: {workers: '1,2'}}}",
    "run_dir": "hydra: {run: {dir: mine}}",
    "sweep_dir": "hydra: {sweep: {dir: mine}}",
    "subdir": "hydra: {sweep: {subdir: mine}}",
    "output_subdir": "hydra: {output_subdir: mine}",
    "chdir": "hydra: {job: {chdir: true}}",
    "env_copy": "hydra: {job: {env_copy: [PATH]}}",
    "env_copy_of_none": "hydra: {job: {env_copy: [NO_SUCH_VARIABLE]}}",
    "env_set": "hydra: {job: {env_set: {X: 3}}}",
    "dir_and_grid": "hydra: {run: {dir: mine}, sweeper: {params: {workers: '1,2'}}}",
    "chained": "hydra: {sweeper: {params: {+experiment: 'one,two', model: thread}}}",
    "chained_zip": "hydra: {sweeper: {zip: [{+experiment: [one, two], workers: [1, 2]}]}}",
    "chained_grid": "hydra: {sweeper: {grids: [{model: thread}, {zip: [{experiment: 'one,two'}]}]}}",
    "../preset/mine": "hydra: {sweeper: {params: {preset: 'fast,rigorous'}}}",
    "bracket": "hydra: {sweeper: {params: {label: '[a] b', workers: 1}}}",
    "mixed": "defaults: [{override /model: [thread, process]}]",
}
BYTES = {
    "bom": codecs.BOM_UTF8 + f"{GLOBAL}workers: 3\n".encode(),
    "wide": f"{GLOBAL}workers: 3\n".encode("utf-16"),
    "latin": f"{GLOBAL}# caf\xe9\nworkers: 3\n".encode("latin-1"),
    "bare": b"workers: 3\n",
}

IN_OUTPUTS = "has no effect here; results land in outputs=FOLDER, in a folder of the name sweep=NAME"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory, with experiments of the user's."""
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "conf" / "experiment"
    own.mkdir(parents=True)
    for name, text in FILES.items():
        (own / f"{name}.yaml").parent.mkdir(exist_ok=True)
        (own / f"{name}.yaml").write_text(GLOBAL + text + "\n")
    for name, data in BYTES.items():
        (own / f"{name}.yaml").write_bytes(data)
    return tmp_path


def _cells(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert main([*arguments, "dry_run=true", "rounds=1", "payload=1KiB", "task=1ms"]) == 0
    lines = capsys.readouterr().out.splitlines()
    return [" ".join(line.split()[1:]) for line in lines[1 : lines.index("order, by round:")]]


def _words(*words: str) -> list[str]:
    return [f"spin 1KiB 1ms {one} 1 round" for one in words]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "cells"),
    [
        (["seed=1", "-m", "workers=1,2"], ["process/queue x1", "process/queue x2"]),
        (["+experiment=lists", "workers=2"], ["thread/queue x2", "process/queue x2"]),
        (["+experiment=[one,knobs]"], ["thread/queue x1", "thread/queue x2"]),
        (["+experiment=choice(one)"], ["thread/queue x1", "thread/queue x2"]),
        (
            ["-m", "+experiment=one,two"],
            [
                "thread/queue x1 +experiment=one",
                "thread/queue x2 +experiment=one",
                "process/queue x4 +experiment=two",
            ],
        ),
        (["label=3.10,3.1"], ["process/queue x2 label=3.10", "process/queue x2 label=3.1"]),
        (["+experiment=bom"], ["process/queue x3"]),
        (["+experiment=wide"], ["process/queue x3"]),
        (
            ["+experiment=named"],
            ["process/queue x2 label=3.10", "process/queue x2 label=1e3", "process/queue x2 label=yes"],
        ),
        (
            ["label=3.10,3.1,4", "hydra.sweeper.exclude=[{label:'3.10'}]"],
            ["process/queue x2 label=3.1", "process/queue x2 label=4"],
        ),
        (
            ["label=3.10,3.1,4", "+experiment=only"],
            ["process/queue x2 label=3.10", "process/queue x2 label=4"],
        ),
        (["+experiment=lists", "model=serial", "workers=1"], ["serial x1"]),
        (["label=choice(1e3,'01')"], ["process/queue x2 label=1e3", "process/queue x2 label=01"]),
    ],
    ids=str,
)
def test_it_means_what_it_says(
    arguments: list[str], cells: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Experiments are one grid after the other, a list is an axis, a name is the text as typed, options stand anywhere."""
    assert _cells(arguments, capsys) == _words(*cells)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["+experiment=[one,two]"], "+experiment=[one,two]: two of them set hydra.sweeper.grids, and the last would replace the other; write +experiment=one,two for one grid after the other"),
        (["+experiment=typo"], f"hydra.sweeper.exlude: no such key (did you mean exclude?); {KEYS}"),
        (["+hydra.sweeper.param={workers:2}"], f"hydra.sweeper.param: no such key (did you mean params?); {KEYS}"),
        (["++hydra.sweeper.zips=[{workers:2}]"], f"hydra.sweeper.zips: no such key (did you mean zip?); {KEYS}"),
        (["+experiment=odd"], "hydra.sweeper.grids=[{'workers': 1}, 3]: not a list of mappings; write one such as [{model: thread}, {model: process, workers: '1,2'}]"),
        (["+experiment=unsure"], 'interpreter.flags: [-O,-B] may be one value or several; write "-O,-B" for several, or "[-O,-B]" for a list'),
        (["+experiment=nothing"], "workers: [] has no value; write one, or leave workers out"),
        (["++hydra.sweeper.params={+experiment:one}"], "+experiment=one: a file that is chosen here sets hydra.sweeper, which is too late within a grid; make it an experiment, and choose it with +experiment=NAME"),
        (["+experiment=chained"], "+experiment=chained: its file sweeps over experiment itself, and what is typed would replace that axis; leave it out of the file, and type +experiment=A,B"),
        (["+experiment=chained_zip", "workers=1"], "+experiment=chained_zip: its file sweeps over experiment itself, and what is typed would replace that axis; leave it out of the file, and type +experiment=A,B"),
        (["+experiment=one,chained_grid"], "+experiment=chained_grid: its file sweeps over experiment itself, and what is typed would replace that axis; leave it out of the file, and type +experiment=A,B"),
        (["-m", "preset=mine"], "preset=mine: its file sweeps over preset itself, and what is typed would replace that axis; leave it out of the file, and type preset=A,B"),
        (["+experiment=bracket"], "label=[a] b: cannot be read; write KEY=VALUE, and quote special characters, as in 'KEY=\"a b\"'"),
        (["model=[thread,process]"], "model=[thread,process]: a cell has one model, and the last of a list would replace the others; write model=thread,process"),
        (["model=thread,null"], "model=null: not the name of a choice; write model=NAME, or leave it out"),
        (["+experiment=null"], "+experiment=null: not the name of a choice; write +experiment=NAME, or leave it out"),
        (["++hydra.sweeper.params={ipc:null}"], "ipc=null: not the name of a choice; write ipc=NAME, or leave it out"),
        (["label=[a,b]"], "label=[a,b]: a list, not a text; write label=a,b for several, or quote what has brackets"),
        (["label="], "label=: not a text; write one, such as label=mine"),
        (["outputs=null"], "outputs=null: not a text; write one, such as outputs=mine"),
        (["label=a\nb"], "label=a\\nb: holds a character that cannot be shown; leave it out"),
        (["+experiment=odder"], "conf/experiment/odder.yaml: a list where a mapping belongs, or the other way round; compare it with config.yaml and docs/sweeps.md"),
        (["+experiment=single"], "hydra.mode=RUN: would measure one cell and drop hydra.sweeper.params; leave it out"),
        (["--run", "hydra.mode=RUN", "+experiment=lists"], "hydra.mode=RUN: would measure one cell and drop hydra.sweeper.params; leave it out"),
        (["+experiment=no_sweeper"], "hydra.sweeper and hydra.launcher: null drops them; leave that out"),
        (["hydra/launcher=null"], "the choice of a group is null; write GROUP=NAME, or leave it out"),
        (["+experiment=mixed"], "conf/experiment/mixed.yaml: override /model: [thread,process]: a cell has one model, and the last of a list would replace the others; write model: thread,process under hydra.sweeper.params"),
        (["+experiment=latin"], "conf/experiment/latin.yaml: line 2 is not UTF-8 (byte 0xe9); save the file as UTF-8"),
        (["+experiment=bare"], "experiment: its file sets experiment.workers; start it with the line '# @package _global_', so that it sets knobs"),
        (["+experiment=one", "+experiment=two"], "experiment: is chosen twice; write +experiment=A,B for several, or one of them"),
        (["workers=1,2", "hydra.sweeper.exlude=[{workers:1}]"], f"hydra.sweeper.exlude: no such key (did you mean exclude?); {KEYS}"),
        (["hydra.sweeper.params={workers:2}"], "hydra.sweeper.params: entries are added; write ++hydra.sweeper.params=VALUE"),
        (["workers=1", "workers=2"], "workers: is typed twice; write workers=A,B for several, or one of them"),
        (["workers=2", "++workers=2"], "workers: is typed twice; write ++workers=A,B for several, or one of them"),
        (["-m", "model=thread", "model=process"], "model: is chosen twice; write model=A,B for several, or one of them"),
        (["environment.A=1", "+environment.A=2"], "environment.A: is typed twice; write +environment.A=A,B for several, or one of them"),
        (["sweep=a", "workers=1", "sweep=b"], "sweep: is typed twice; write one of them"),
        (["budget=1s", "budget=2s"], "budget: is typed twice; write one of them"),
        (["hydra/sweeper=race", "hydra/sweeper=bisect"], "hydra/sweeper: is typed twice; write one of them"),
        (["hydra.sweeper.only=[]", "hydra.sweeper.only=[]"], "hydra.sweeper.only: is typed twice; write one of them"),
        (["+experiment=run_dir"], f"hydra.run.dir=mine: {IN_OUTPUTS}"),
        (["+experiment=sweep_dir"], f"hydra.sweep.dir=mine: {IN_OUTPUTS}"),
        (["+experiment=subdir"], f"hydra.sweep.subdir=mine: {IN_OUTPUTS}"),
        (["+experiment=one,dir_and_grid"], f"hydra.run.dir=mine: {IN_OUTPUTS}"),
        (["+experiment=output_subdir"], "hydra.output_subdir=mine: has no effect here; sweep.yaml in the results folder holds the configuration"),
        (["+experiment=chdir"], "hydra.job.chdir=True: has no effect here; functions are called in the folder where the command is typed"),
        (["+experiment=env_copy"], "hydra.job.env_copy=['PATH']: has no effect here; variables are inherited as they are"),
        (["+experiment=env_copy_of_none"], "hydra.job.env_copy: has no effect here; variables are inherited as they are"),
        (["+experiment=env_set"], "hydra.job.env_set.X: has no effect here; write environment.X=VALUE"),
        (["hydra.sweep.dir=x"], "hydra.sweep.dir=x: has no effect here; results land in outputs=FOLDER, in a folder of the name sweep=NAME"),
        (["+hydra.job.env_set.X=3"], "+hydra.job.env_set.X=3: has no effect here; write environment.NAME=VALUE"),
        (["hydra.sweeper.exclude=[{label:3.10}]"], "hydra.sweeper.exclude: label: 3.1 is compared with a text; write it in quotes"),
        (["label=${oc.env:NO_SUCH}"], "label: the environment has no NO_SUCH; set it, or write ${oc.env:NO_SUCH,VALUE} for a default"),
        (["~label"], "~label: there is nothing to delete; leave it out, or write label=null"),
        (["-sc"], "--shell-completion: does not say what to do; write -sc install=bash, -sc uninstall=bash, or fish or zsh for bash"),
        (["-p", "limits"], "--package limits: needs --cfg; write --cfg job --package limits"),
        (["-c", "job", "-p", "limit"], "--package limit: the configuration has no such part; write one of its keys, such as limits"),
        (["-cp", "mine"], "--config-path mine: would leave out breakeven's own files; write --config-dir mine, which is searched first"),
        (["--experimental-rerun", "x"], "--experimental-rerun x: would read a pickle, which may run any code; type the command again"),
        (["--mutlirun"], "--mutlirun: no such option (did you mean --multirun?); a knob is written without dashes, as mutlirun=VALUE; --help shows all"),
        (["--dry-run"], "--dry-run: no such option; a knob is written without dashes, as dry_run=VALUE; --help shows all"),
    ],
    ids=str,
)  # fmt: skip
def test_or_it_is_refused_in_one_line(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing that was said is dropped, and nothing breaks Hydra."""
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"{line}\n"


def test_what_to_type_next_works_as_it_stands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has the folder of the files, what was typed of Hydra's, and the function, and a name with a comma survives."""
    (folder / "conf").rename(folder / "my files")
    (folder / "m.py").write_text("def f():\n    return sum(range(1000))\n")
    typed = ["workload=function", "workload.target=m:f", "workers=1", "measure.max_time=50ms"]
    short = ["rounds=1", "tasks=2", "progress=quiet"]
    files = ["--config-dir", "my files", "hydra.sweeper.max_batch_size=8"]
    assert main([*files, "+experiment=lists", *typed, *short, "sweep='a,b'"]) == 0
    command = summarise(load(folder / "outputs" / "a,b"), shown_now=True).next_command
    assert command is not None
    words = shlex.split(command.partition(" run ")[2])
    assert words == [*files, "+experiment=lists", *typed, "tasks=2", "rounds=5"]
    capsys.readouterr()
    assert main([*words, "dry_run=true"]) == 0
    assert "10 of 10 runs to make" in capsys.readouterr().out


@pytest.mark.parametrize("on_busy", ["wait", "stop"])
def test_a_dry_run_does_not_wait(folder: Path, capsys: pytest.CaptureFixture[str], on_busy: str) -> None:
    """While another sweep measures it shows the plan without calling the function, and says what would help."""
    (folder / "m.py").write_text("def f():\n    open('called', 'w')\n")
    function = ["workload=function", "workload.target=m:f", "workers=1", "rounds=1"]
    with HostLock().held("outputs/other", wait=False):
        assert main([*function, f"on_busy={on_busy}", "dry_run=true"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "1 of 1 run to make: about 0:0" in said
    assert "your function's duration is unknown until it has run once)" in said
    assert (
        "the length of your function is not known: this machine is measuring outputs/other for user " in said
    )
    assert said.endswith("), and a dry run does not wait; repeat it when that has ended")
    assert "on_busy" not in said
    assert not (folder / "called").exists()


def test_the_calibration_of_a_sweep_is_in_its_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name of the sweep alone is answered with its folder."""
    assert main(["workers=1", "rounds=1", "tasks=1", "measure.max_time=50ms", "sweep=mine"]) == 0
    capsys.readouterr()
    assert main(["workers=1", "calibration=mine", "dry_run=true"]) == 2
    assert capsys.readouterr().err == (
        "calibration=mine: there is no calibration.json (did you mean outputs/mine?); "
        "name the results folder of a sweep, such as outputs/NAME\n"
    )
    assert folder.exists()
