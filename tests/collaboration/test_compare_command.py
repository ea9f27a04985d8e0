"""The command line of a comparison, over stored sweeps: what it prints, writes, and exits with."""

from __future__ import annotations

import csv
import io
import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from breakeven.analysis.comparing import Comparison, Question
from breakeven.analysis.comparing.comparison import COLUMNS
from breakeven.analysis.comparing.select import open_side
from breakeven.analysis.comparing.show import ROWS, to_text
from breakeven.command import main
from tests.analysis_samples import Sample

Captured = pytest.CaptureFixture[str]

STEADY = (0.99, 1.0, 1.01)
GAINS = {("thread", 1): 1.0, ("thread", 2): 0.7, ("process", 1): 1.3, ("process", 2): 1.0}
"""How much faster label b is, by model and workers."""


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sample:
    """Return `outputs/latest` with labels a and b: one cell slower, one faster, one the same, one of a single round."""
    monkeypatch.chdir(tmp_path)
    sample = Sample(tmp_path / "outputs" / "labels")
    for label, (model, workers) in product("ab", GAINS):
        gain = GAINS[model, workers] if label == "b" else 1.0
        rounds = STEADY if (model, workers) != ("process", 2) else STEADY[:1]
        values = [1000 * workers * gain * value for value in rounds]
        facts = {"n_trials": 10, "n_disturbed": int(label == "b" and workers == 1)}
        sample.add_rounds(values, label=label, model=model, workers=workers, facts=facts)
    sample.sweep.point_latest()
    return sample


def _compare(*arguments: str) -> int:
    return main(["compare", *arguments])


def test_the_text_word_for_word(sweep: Sample, capsys: Captured) -> None:
    """Without a terminal: one line a cell, the most telling first, then what could not be told, then the counts."""
    sweep.add_rounds([5.0], label="b", model="serial", workers=1)
    sweep.add_bad("timeout", "too long", label="b", model="thread", workers=16)
    assert _compare("label=a", "label=b") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        "A: outputs/labels:label=a (4 cells, 10 runs)",
        "B: outputs/labels:label=b (5 cells, 11 runs)",
        "compared: throughput_per_s; noise band 5 %; p adjusted by Benjamini-Hochberg",
        "effect: how many times as fast B is, above 1 where it is faster",
        "verdict      effect [95 %]      p adj.   A         B         rounds  cell",
        "slower       0.70 [0.68, 0.72]  4.9e-06  2.00 k/s  1.40 k/s  3 v 3   thread, 2 workers",
        "faster       1.30 [1.27, 1.33]  8.4e-06  1.00 k/s  1.30 k/s  3 v 3   process, 1 worker (10% disturbed)",
        "cannot tell  1.00               -        1.98 k/s  1.98 k/s  1 v 1   process, 2 workers",
        "same         1.00 [0.98, 1.02]  1        1.00 k/s  1.00 k/s  3 v 3   thread, 1 worker (10% disturbed)",
        "cannot tell, 1 cell: only one round of A and B: the spread between processes is unknown",
        "only in B: serial, 1 worker (no such cell in A; the nearest has model thread, not serial)",
        "left out of B: 1 run (1 timeout)",
        "4 cells compared: 1 faster, 1 slower, 1 same, 1 cannot tell; 1 cell without partner",
    ]


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [
        ("slower", 1),
        ("faster", 1),
        ("faster,slower", 1),
        ("cannot-tell", 1),
        ("same", 1),
        ("unpaired", 0),
    ],
)
def test_the_exit_code_says_what_was_found(sweep: Sample, fail_on: str, code: int) -> None:
    """1 where a verdict is one of those named, else 0."""
    assert sweep.runs == 20
    assert _compare("label=a", "label=b", "--fail-on", fail_on) == code


def test_what_is_not_found_does_not_fail(sweep: Sample) -> None:
    """Threads alone: nothing faster, all told; a cell that one side lacks fails where it is asked to."""
    sides = ("label=a,model=thread", "label=b,model=thread")
    assert _compare(*sides, "--fail-on", "faster,cannot-tell,unpaired") == 0
    sweep.add_rounds(STEADY, label="a", model="thread", workers=16)
    assert _compare(*sides, "--fail-on", "unpaired") == 1


def test_a_wider_band_and_a_narrower_one(sweep: Sample, capsys: Captured) -> None:
    """A band of 50 % makes all the same that can be told; one of 0.1 % makes nothing the same."""
    assert sweep.path.is_dir()
    for band, counts in (
        ("50%", "0 faster, 0 slower, 3 same, 1 cannot tell"),
        ("0.001", "1 faster, 1 slower, 0 same, 2 cannot tell"),
    ):
        assert _compare("label=a", "label=b", "--band", band) == 0
        assert capsys.readouterr().out.splitlines()[-1] == f"4 cells compared: {counts}"


def test_markdown_word_for_word(sweep: Sample, capsys: Captured) -> None:
    """A list, a table, a list; what looks like a border is escaped."""
    for label, place in product("ab", (1, 2)):
        sweep.add_rounds(STEADY, label=label, model="x|y", workers=place)
    assert _compare("label=a,model=x|y", "label=b,model=x|y", "--format", "markdown") == 0
    assert capsys.readouterr().out.splitlines() == [
        r"- A: outputs/labels:label=a,model=x\|y (2 cells, 6 runs)",
        r"- B: outputs/labels:label=b,model=x\|y (2 cells, 6 runs)",
        "- compared: throughput_per_s; noise band 5 %; p adjusted by Benjamini-Hochberg",
        "- effect: how many times as fast B is, above 1 where it is faster",
        "",
        "| verdict | effect [95 %] | p adj. | A | B | rounds | cell |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| same | 1.00 [0.98, 1.02] | 1 | 1.00/s | 1.00/s | 3 v 3 | 1 worker |",
        "| same | 1.00 [0.98, 1.02] | 1 | 1.00/s | 1.00/s | 3 v 3 | 2 workers |",
        "",
        "- 2 cells compared: 0 faster, 0 slower, 2 same, 0 cannot tell",
    ]


def test_csv_holds_everything(sweep: Sample, capsys: Captured) -> None:
    """All columns, pairs first, then what has no partner with its side."""
    sweep.add_rounds(STEADY, label="b", model="serial", workers=1)
    assert _compare("label=a", "label=b", "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(rows[0]) == [*COLUMNS, "side"]
    slower = next(row for row in rows if row["verdict"] == "slower")
    assert (slower["model"], slower["workers"], slower["differs"]) == ("thread", "2", "label a v b")
    assert (slower["rounds_a"], slower["rounds_b"], slower["disturbed_b"]) == ("3", "3", "0.0")
    assert float(slower["effect"]) == pytest.approx(0.7)
    assert float(slower["p"]) < float(slower["p_adjusted"]) < 0.05
    assert [(row["side"], row["verdict"], row["reason"]) for row in rows[4:]] == [
        ("B", "", "no such cell in A; the nearest has model thread, not serial")
    ]


def test_json_holds_everything_and_its_conditions(sweep: Sample, capsys: Captured) -> None:
    """What was asked, found and allowed; numbers that are not known are null."""
    other = Sample(sweep.path.with_name("other"))
    for model, workers in GAINS:
        other.add_rounds([1500.0], label="a", model=model, workers=workers, facts={"hostname": "elsewhere"})
    arguments = ("outputs/latest:label=a", "outputs/other:label=a", "--allow", "hostname", "--band", "10%")
    assert _compare(*arguments, "--format", "json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    cells = found.pop("cells")
    assert found == {
        "a": {"folder": str(sweep.path), "selection": ["label=a"], "runs": 10, "left_out": {}},
        "b": {"folder": str(other.path), "selection": ["label=a"], "runs": 4, "left_out": {}},
        "by": "the pattern's own",
        "band": 0.1,
        "level": 0.95,
        "correction": "Benjamini-Hochberg",
        "tests": 0,
        "allowed": [{"fact": "hostname", "a": ["bench"], "b": ["elsewhere"]}],
        "differs": [],
        "warnings": [],
        "not_checked": [],
        "verdicts": {"faster": 0, "slower": 0, "same": 0, "cannot tell": 4},
        "unpaired": [],
    }
    assert list(cells[0]) == list(COLUMNS)
    assert (cells[0]["p"], cells[0]["low"], cells[0]["rounds_b"]) == (None, None, 1)
    assert cells[0]["reason"] == "only one round of B: the spread between processes is unknown"


def test_the_report_goes_to_a_file(sweep: Sample, capsys: Captured) -> None:
    """--output writes what would be printed, and prints nothing; a file that cannot be written is said."""
    for kind in ("text", "markdown", "csv", "json"):
        assert _compare("label=a", "label=b", "--format", kind) == 0
        printed = capsys.readouterr().out
        assert _compare("label=a", "label=b", "--format", kind, "--output", f"report.{kind}") == 0
        assert Path(f"report.{kind}").read_text(encoding="utf-8") == printed
    assert capsys.readouterr() == ("", "")
    assert _compare("label=a", "label=b", "--output", f"{sweep.path}") == 2
    assert capsys.readouterr().err == (
        f"cannot write the comparison to {sweep.path}: Is a directory; "
        "name another file with --output, or print it without\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("label=a", "label=b", "--in", "outputs/none"),
            "no results folder at outputs/none; measure with `breakeven run` first, or name one of: ",
        ),
        (
            ("label=a", "label=c"),
            "B: outputs/labels has no cell with label=c; its values of label are a, b\n",
        ),
        (
            ("label=a", "label=b", "--format", "html"),
            "--format html: no such choice; there are text, markdown, csv, json\n",
        ),
        (
            ("label=a", "label=b", "--fail-on", ","),
            "--fail-on: no verdict is named; leave it out, or name of faster, slower, same, cannot-tell, unpaired\n",
        ),
        (
            ("label=a", "label=b", "--fail-on", "slow"),
            "--fail-on slow: no such choice (did you mean slower?); there are faster, slower, same, cannot-tell, unpaired\n",
        ),
        (
            ("label=a", "label=b", "--band", "5"),
            "--band 5: not a share from 0 to below 1; write one such as --band 5% or --band 0.05\n",
        ),
        (
            ("label=a", "label=b", "--by", "time"),
            "--by time: no such measure; there are speedup, throughput, ",
        ),
        (
            ("label=a", "label=b", "--allow", "all"),
            "--allow all: no such fact; there are host, interpreter, ",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    sweep: Sample, capsys: Captured, arguments: tuple[str, ...], message: str
) -> None:
    """On the error stream, with nothing printed."""
    assert sweep.path.is_dir()
    assert _compare(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message)
    assert err.count("\n") == 1


def test_sides_that_differ_are_refused_line_by_line(sweep: Sample, capsys: Captured) -> None:
    """Exit code 2, not that of --fail-on; several names may be allowed at once or one after the other."""
    other = Sample(sweep.path.with_name("other"))
    facts = {"hostname": "elsewhere", "governor": "powersave"}
    for model, workers in GAINS:
        other.add_rounds(STEADY, label="a", model=model, workers=workers, facts=facts)
    sides = ("outputs/labels:label=a", "outputs/other")
    assert _compare(*sides, "--fail-on", "slower") == 2
    assert capsys.readouterr().err.splitlines() == [
        "A and B were not measured under the same conditions:",
        "  hostname: bench in A, elsewhere in B",
        "  governor: none in A, powersave in B",
        "measure both under the same conditions, or accept the differences with --allow hostname,governor",
    ]
    for allowed in (("--allow", "host,governor"), ("--allow", "hostname", "--allow", "governor")):
        assert _compare(*sides, *allowed, "--fail-on", "slower") == 1
        assert "allowed: hostname: bench in A, elsewhere in B" in capsys.readouterr().out.splitlines()


def _text(width: int, *, terminal: bool) -> list[str]:
    a, b = (open_side(name, f"label={name.lower()}", "outputs/latest") for name in "AB")
    return to_text(Comparison.of(a, b, Question()), width=width, terminal=terminal).splitlines()


def test_a_terminal_gets_a_table_that_fits(sweep: Sample) -> None:
    """In 80 columns names are broken and the values of the sides give way; in 200 all is there."""
    for label in "ab":
        sweep.add_rounds(STEADY, label=label, model="a_model_with_a_name_that_is_longer_than_what_is_left")
    narrow, wide = _text(80, terminal=True), _text(200, terminal=True)
    (heading,) = (line for line in narrow if "verdict" in line)
    assert heading.split("  ")[0].strip() == "verdict"
    assert "k/s" not in "".join(narrow)
    table = narrow[4:-2]
    assert all(len(line) <= 80 for line in table)
    assert any(line.split() == ["slower", "0.70", "[0.68,", "0.72]", *line.split()[4:]] for line in table)
    assert any("2.00 k/s" in line and "thread, 2 workers" in line for line in wide)


def test_a_long_comparison_is_cut_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As text only, the least telling last; the counts are of all."""
    monkeypatch.chdir(tmp_path)
    sample = Sample(tmp_path / "outputs" / "many")
    for label, workers in product("ab", range(1, ROWS + 4)):
        gain = 2 if label == "b" and workers > ROWS else 1
        sample.add_rounds(np.array(STEADY) * gain, label=label, workers=workers)
    sample.sweep.point_latest()
    lines = _text(80, terminal=False)
    assert "... and 3 cells more: --format csv has all" in lines
    assert [line.split()[0] for line in lines[5:9]] == ["faster", "faster", "faster", "same"]
    assert lines[-1] == "63 cells compared: 3 faster, 0 slower, 60 same, 0 cannot tell"


def test_the_command_without_compare_is_what_it_was(sweep: Sample, capsys: Captured) -> None:
    """A folder is drawn and summarised; one that is called compare is named as a path."""
    sweep.path.rename(sweep.path.with_name("compare"))
    sample = Sample(sweep.path.parent.parent / "compare", pairs=3)
    sample.add_map(model="process", speedup=1.9)
    assert main(["show", "./compare", "--no-figures"]) == 0
    assert "results: compare" in capsys.readouterr().out.splitlines()


def test_help_names_every_option(capsys: Captured) -> None:
    """With examples, and the exit codes."""
    with pytest.raises(SystemExit) as ended:
        _compare("--help")
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for word in (
        "--in",
        "--by",
        "--band",
        "--allow",
        "--fail-on",
        "--format",
        "--output",
        "Exit code: 0; 1 ",
    ):
        assert word in said
