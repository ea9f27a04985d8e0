"""Bad results: each refusal word for word."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from breakeven.analysis.errors import (
    BadResults,
    FiguresUnwritable,
    NoMatch,
    OtherSchema,
    ResultsDamaged,
    ResultsEmpty,
    UnknownName,
)
from breakeven.analysis.figures import FIGURES, NothingToDraw, draw
from breakeven.analysis.frames.load import load
from breakeven.base.errors import BadInput, ResultsMissing
from breakeven.command import main
from tests.analysis_samples import Sample


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """Return a sweep of one cell, `sweep`, in a folder of its own."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    sample.add_map(model="process", speedup=1.9)
    return sample


def _refusal(kind: type[BadInput], path: Path) -> str:
    with pytest.raises(kind) as caught:
        load(path)
    assert type(caught.value) is kind
    return str(caught.value)


def _rewrite(path: Path, table: pa.Table) -> None:
    path.unlink()
    pq.write_table(table, path)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in a folder with no environment of its own, where programs are called by their plain names."""
    monkeypatch.chdir(tmp_path)


def test_no_folder(sample: Sample) -> None:
    """A missing folder: how to get one, and which there are."""
    wrong = sample.path.with_name("sweeep")
    assert _refusal(ResultsMissing, wrong) == (
        f"no results folder at {wrong} (did you mean sweep?); "
        f"measure with `breakeven run` first, or name one of: {sample.path.name}"
    )


@pytest.mark.parametrize("typed", ["sweep", "sweeep", "outputs/sweeep"])
def test_the_name_of_a_sweep_is_not_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    """In whichever command, and mistyped as well: the folder that is meant is named."""
    Sample(tmp_path / "outputs" / "sweep").add_map(model="process", workers=2, speedup=1.9)
    meant = f"no results folder at {typed} (did you mean outputs/sweep?); "
    for command in (
        ["show"],
        ["report"],
        ["export"],
        ["claims"],
        ["compare", "outputs/sweep"],
        ["status"],
        ["compact"],
    ):
        assert main([*command, typed]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(meant)
        assert said.err.endswith("name one of: outputs/sweep\n")


def test_no_folder_and_no_other(tmp_path: Path) -> None:
    """A missing folder where there is no other: that is said too."""
    assert _refusal(ResultsMissing, tmp_path / "latest") == (
        f"no results folder at {tmp_path}/latest; measure with `breakeven run` first, "
        f"or name another folder (there is none in .)"
    )


def test_a_link_that_leads_nowhere_is_a_missing_folder(tmp_path: Path) -> None:
    """The link to a sweep that was deleted."""
    (tmp_path / "latest").symlink_to("gone")
    assert _refusal(ResultsMissing, tmp_path / "latest").startswith(
        f"no results folder at {tmp_path}/latest; "
    )


def test_the_folder_of_sweeps_is_not_a_sweep(sample: Sample) -> None:
    """Asked for `outputs` itself: the sweeps in it are named."""
    outputs = sample.path.parent
    assert _refusal(ResultsEmpty, outputs) == (
        f"{outputs} holds no table of runs, so it is not a results folder; name one of: {sample.path.name}"
    )


def test_no_finished_run(sample: Sample) -> None:
    """Hidden parts of a write that was cut short are no runs."""
    empty = Sample(sample.path.with_name("empty"))
    (empty.sweep.table("runs") / ".abc.part").write_bytes(b"half")
    (empty.sweep.table("runs") / ".abc.parquet").write_bytes(b"half")
    assert _refusal(ResultsEmpty, empty.path) == (
        f"{empty.path} holds no finished run; run the sweep again, which resumes it, or name one of: {sample.path.name}"
    )


def test_a_truncated_file(sample: Sample) -> None:
    """A file that lacks its end: which, and what to do about that one run."""
    (file,) = sample.sweep.table("runs").glob("*.parquet")
    file.write_bytes(file.read_bytes()[:-7])
    message = _refusal(ResultsDamaged, sample.path)
    assert message.startswith(f"{file} is truncated or damaged (")
    assert message.endswith(
        "); run the sweep again, which moves the files of that run to aside/ and repeats it alone"
    )
    assert "\n" not in message


def test_damage_within_a_file(sample: Sample) -> None:
    """A file whose footer is whole and whose pages are not is named, though others are fine."""
    second = sample.add_map(model="thread", speedup=1.0)
    file = sample.sweep.file("trials", second, 0)
    start = pq.ParquetFile(file).metadata.row_group(0).column(0).total_compressed_size
    whole = bytearray(file.read_bytes())
    whole[4 : 4 + start] = bytes(255 - byte for byte in whole[4 : 4 + start])
    file.write_bytes(whole)
    with pytest.raises(ResultsDamaged) as caught:
        _ = load(sample.path).trials
    assert str(caught.value).startswith(f"{file} is truncated or damaged (")


def test_another_schema_version(sample: Sample) -> None:
    """A version that this analysis does not know."""
    (file,) = sample.sweep.table("runs").glob("*.parquet")
    table = pq.read_table(file)
    _rewrite(file, table.replace_schema_metadata({"breakeven_schema": "2"}))
    assert _refusal(OtherSchema, sample.path) == (
        f"{file} has schema version 2; this analysis reads version 3: "
        "use the breakeven that measured it, or measure the sweep again"
    )
    _rewrite(file, table.replace_schema_metadata(None))
    assert _refusal(OtherSchema, sample.path).startswith(f"{file} has schema version none; ")


def test_a_missing_column(sample: Sample) -> None:
    """A column that the analysis needs."""
    (file,) = sample.sweep.table("runs").glob("*.parquet")
    _rewrite(file, pq.read_table(file).drop_columns(["workers", "model"]))
    assert _refusal(OtherSchema, sample.path) == (
        f"{file} lacks model, workers, which the analysis of table runs needs; measure the sweep again"
    )


def test_a_column_that_was_added_later(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep from before there was a column is read: it is null there."""
    monkeypatch.setattr("breakeven.analysis.frames.files.LATER", frozenset({"notes"}))
    (file,) = sample.sweep.table("runs").glob("*.parquet")
    _rewrite(file, pq.read_table(file).drop_columns(["notes"]))
    assert load(sample.path).runs["notes"].isna().all()


def test_unknown_names(sample: Sample) -> None:
    """A cell, column, table or figure that does not exist: which there are."""
    lab = load(sample.path)
    with pytest.raises(
        NoMatch, match=rf"^no cell nope in {sample.path}; see the index of lab.cells for its 1$"
    ):
        lab.spans(cells=["nope"])
    with pytest.raises(
        UnknownName, match=r"^no column nope in table spans; there are cell_id, round, trial, .*$"
    ):
        lab.spans(columns=["nope"])
    with pytest.raises(
        UnknownName, match=r"^no table nope; there are runs, trials, workers, spans, activity, observations$"
    ):
        lab.describe("nope")
    with pytest.raises(
        UnknownName,
        match=r"^no figure nope; there are advice, .*breakeven, .*, stream, heartbeat, switching$",
    ):
        draw("nope", lab)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("scaling", "no cell has a speedup: it needs pattern=map or window with status ok"),
        (
            "timeline",
            "no traced parallel trial with two or more workers: it needs measure.traced of at least 1",
        ),
        ("activity", "no calls were counted over time: it needs pattern=window with status ok"),
        ("overhead", "no spans of a traced parallel trial: it needs measure.traced of at least 1"),
        ("latency", "no cell sends messages: it needs pattern=pingpong with status ok and a payload"),
        ("bandwidth", "no cell sends messages: it needs pattern=pingpong with status ok and a payload"),
        ("channels", "no two channels: it needs cells of several ipc, and a model that is joined by one"),
        ("startup", "no two ways to start workers: it needs cells of several models or start methods"),
        (
            "observed",
            "nothing was observed beside times: it needs a pattern that does so, such as counter, with status ok",
        ),
    ],
)
def test_nothing_to_draw(tmp_path: Path, name: str, reason: str) -> None:
    """A sweep in which nothing ran draws no empty figure: it says what would be needed."""
    sample = Sample(tmp_path / "bad")
    sample.add_bad("incompatible", "it cannot exist", model="process", ipc="reference")
    with pytest.raises(NothingToDraw) as caught:
        draw(name, load(sample.path))
    assert str(caught.value) == reason


def test_a_timeline_needs_cpu_time(tmp_path: Path) -> None:
    """Without the CPU clock of threads nothing tells computing from waiting."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    cell = sample.add_map(model="process", speedup=1.9, spans=True)
    lab = load(sample.path)
    sample.write_spans(
        cell, 0, lab.spans(cells=[cell]).drop(columns=["cell_id", "round"]).assign(on_cpu_ns=None)
    )
    with pytest.raises(
        NothingToDraw, match=r"^no compute span has CPU time: the interpreter has no thread_time_ns$"
    ):
        draw("timeline", load(sample.path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--only", "scaling,pie"],
            f"no figure pie; there are {', '.join(FIGURES)}\n",
        ),
        (["--format", "gif"], "no format gif; there are png, svg\n"),
    ],
)
def test_the_command_line_refuses_in_one_line(
    sample: Sample, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """Exit code 2, one line on stderr, nothing on stdout."""
    assert main(["show", str(sample.path), *arguments]) == 2
    assert capsys.readouterr() == ("", message)


def test_the_command_line_refuses_bad_results_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What load refuses, the command line prints, and exits with 2."""
    assert main(["show", str(tmp_path / "nope")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("no results folder at ")
    assert err.count("\n") == 1


def test_figures_that_cannot_be_written(sample: Sample, capsys: pytest.CaptureFixture[str]) -> None:
    """A file where the folder of figures should be: where, and what to do."""
    sample.sweep.figures.write_text("in the way")
    assert main(["show", str(sample.path), "--only", "scaling", "--format", "svg"]) == 2
    assert capsys.readouterr().err == (
        f"cannot write figures to {sample.sweep.figures}: File exists; free or unlock that folder, or use --no-figures\n"
    )
    assert issubclass(FiguresUnwritable, BadResults)
