"""What a stored sweep says follows from it: as a frame, as sentences, and as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import breakeven
from breakeven.analysis.errors import VerdictsUnwritable
from breakeven.analysis.figures.answers import describe_answers
from breakeven.analysis.lab import Lab, load
from breakeven.analysis.show import main as show
from breakeven.analysis.summary.screen import sum_up
from breakeven.analysis.verdicts import brief_lines, verdict_lines, write_verdicts
from tests.analysis_samples import Sample


def _rounds(middle: float, spread: float = 0.01) -> list[float]:
    return [float(value) for value in middle * np.exp(spread * np.linspace(-1, 1, 6))]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """Return a function with two input sizes: processes pay at the larger one, threads nowhere."""
    sample = Sample(tmp_path / "mine", common={"workload": "function", "function": "photos:resize"})
    gains = {4096: {"thread": 0.9, "process": 0.5}, 2**20: {"thread": 0.98, "process": 1.83}}
    for size, speedups in gains.items():
        factors: dict[str, Any] = {"payload_bytes": size, "task_ns": None}
        for model, speedup in speedups.items():
            facts = {"payload_asked_bytes": size}
            sample.add_rounds(_rounds(speedup), column="speedup", model=model, facts=facts, **factors)
    ended = {"status": "timeout", "reason": "no result within 60 s", "payload_asked_bytes": 2**20}
    sample.add_rounds([None], column="speedup", model="process_pool", facts=ended, **factors)
    return load(sample.path)


def test_a_question_is_a_function_with_a_payload(lab: Lab) -> None:
    """Decided by its own candidates, with all cells in exactly one question."""
    found = lab.verdicts.set_index("question")
    assert dict(found["decision"]) == {"photos:resize, 4 KiB": "serial", "photos:resize, 1 MiB": "parallel"}
    best = found.loc["photos:resize, 1 MiB"]
    assert lab.estimates.loc[best["cell_id"], "model"] == "process"
    assert best["speedup_low"] < best["speedup"] < best["speedup_high"]
    assert len(best["slower"]) == 1
    assert found["clause"].str.len().le(60).all()


def test_sentences_are_plain(lab: Lab) -> None:
    """Word for word, as a screen shows them."""
    assert verdict_lines(lab, 80) == [
        "For resize at 4 KiB: stay serial; at best two threads over a queue are slower,",
        "  0.90x [0.89, 0.91].",
        "  processes are slower than serial, 0.50x [0.50, 0.50]",
        "  pays at no size, 4 KiB to 1 MiB",
        "For resize at 1 MiB: two processes over a queue, 1.83x [1.82, 1.84]; threads are",
        "  slower than serial, 0.98x [0.97, 0.99].",
        "  pays from a size between 4 KiB and 1 MiB",
        "  a ProcessPoolExecutor of two did not finish (timeout: no result within 60 s)",
    ]


def test_many_questions_are_answered_in_two_lines_each(tmp_path: Path) -> None:
    """As much of each sentence as they hold; all of it, and what a few questions show at once, if it is asked for."""
    sample = Sample(tmp_path / "many", common={"workload": "function", "function": "photos:resize"})
    for size in (1024, 4096, 2**16, 2**20):
        facts = {"payload_asked_bytes": size}
        factors: dict[str, Any] = {
            "payload_bytes": size,
            "task_ns": None,
            "facts": facts,
            "column": "speedup",
        }
        for model, speedup, spread in (
            ("process", 1.83, 0.01),
            ("mp_pool", 1.8, 0.3),
            ("thread", 0.98, 0.01),
        ):
            sample.add_rounds(_rounds(speedup, spread), model=model, **factors)
    lab = load(sample.path)
    brief = brief_lines(lab, 80)
    assert brief[0].startswith("For resize at 1 KiB: two processes over a queue, 1.83x")
    assert max(map(len, brief)) <= 80
    assert len(brief) <= 2 * len(lab.verdicts)
    assert len(verdict_lines(lab, 80)) > len(brief)


def test_a_narrow_screen_breaks_lines(lab: Lab) -> None:
    """And loses no word."""
    narrow, wide = verdict_lines(lab, 40), verdict_lines(lab, 200)
    assert max(map(len, narrow)) <= 40
    assert " ".join(narrow).split() == " ".join(wide).split()


def test_the_file_holds_numbers(lab: Lab) -> None:
    """For programs; missing numbers are null."""
    found = json.loads(write_verdicts(lab).read_text())
    assert (found["schema"], found["band"], len(found["verdicts"])) == (1, 0.05, 2)
    large = found["verdicts"][1]
    assert (large["decision"], large["settings"]["payload_asked_bytes"]) == ("parallel", 2**20)
    best = next(one for one in large["candidates"] if one["is_best"])
    assert best["cell_id"] == large["cell_id"]
    assert best["speedup"] == pytest.approx(1.83)
    assert best["pays"] == [
        {
            "along": "payload_asked_bytes",
            "pays": "from",
            "paying": 2**20,
            "losing": 4096,
            "crossing": pytest.approx(13015, rel=0.001),
        }
    ]
    assert best["memory_bytes"] is None
    assert [one["status"] for one in large["failed"]] == ["timeout"]


def test_the_end_of_a_sweep_leaves_the_file(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    """After its summary, which begins with the verdicts; nothing else is left."""
    sum_up(lab.path)
    assert capsys.readouterr().out.startswith("For resize at 4 KiB: stay serial")
    assert [path.name for path in lab.path.iterdir() if "verdicts" in path.name] == ["verdicts.json"]


def test_a_silent_end_leaves_the_same_file(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    """Who asks for no output, or for events alone, finds the verdicts where they always are."""
    sum_up(lab.path)
    printed = (lab.path / "verdicts.json").read_text()
    (lab.path / "verdicts.json").write_text("those of an earlier end")
    capsys.readouterr()
    sum_up(lab.path, silent=True)
    assert capsys.readouterr() == ("", "")
    assert (lab.path / "verdicts.json").read_text() == printed


def test_a_file_that_cannot_be_written_says_why(lab: Lab) -> None:
    """And leaves no part of one."""
    (lab.path / "verdicts.json").mkdir()
    with pytest.raises(
        VerdictsUnwritable, match=r"verdicts\.json cannot be written \(.*\); `lab\.verdicts` has the same"
    ):
        write_verdicts(lab)
    assert not [path for path in lab.path.iterdir() if path.name.startswith(".verdicts")]


def test_the_public_face_has_them(lab: Lab) -> None:
    """`breakeven.load` opens a lab with verdicts, computed once."""
    found = breakeven.load(lab.path)
    assert found.verdicts is found.verdicts
    assert list(found.verdicts["question"]) == list(lab.verdicts["question"])


def test_one_process_decides_nothing(tmp_path: Path) -> None:
    """And the sentence says what would."""
    sample = Sample(tmp_path / "one")
    sample.add_map(speedup=1.9)
    row = load(sample.path).verdicts.iloc[0]
    assert (row["decision"], row["cell_id"], len(row["undecided"])) == ("undecided", None, 1)
    assert "ran in one process only (rounds=auto runs more)" in row["sentence"]


@pytest.mark.parametrize(("speedup", "said"), [(2.3, False), (5.2, True)])
def test_a_gain_that_workers_cannot_make_is_named(tmp_path: Path, speedup: float, said: bool) -> None:
    """Such as of calls that fault in their memory alone and not in threads: the reader looks before believing it."""
    sample = Sample(tmp_path / "beyond")
    sample.add_rounds(_rounds(speedup), column="speedup", model="thread", workers=2)
    row = load(sample.path).verdicts.iloc[0]
    beyond = "above what two workers can gain: calls do less in a worker than alone" if said else ""
    assert row["beyond"] == beyond
    assert beyond in row["sentence"]
    assert ("workers can gain" in row["sentence"]) == said


@pytest.mark.parametrize("speedup", [1.9, 0.6], ids=["parallel", "serial"])
@pytest.mark.parametrize(("disturbed", "said"), [(5, ""), (6, "60% of its pairs of trials were disturbed")])
def test_a_verdict_of_a_mostly_disturbed_cell_says_so(
    tmp_path: Path, speedup: float, disturbed: int, said: str
) -> None:
    """Whatever it recommends, and however short: who reads one line alone knows that it may be otherwise."""
    sample = Sample(tmp_path / "busy")
    facts = {"n_trials": 10, "n_disturbed": disturbed}
    sample.add_rounds(_rounds(speedup), column="speedup", model="process", facts=facts)
    lab = load(sample.path)
    sentence = str(lab.verdicts.iloc[0]["sentence"])
    assert said in sentence
    assert ("disturbed" in sentence) == bool(said)
    brief = " ".join(line.strip() for line in brief_lines(lab, 80))
    assert ("disturbed" in brief) == bool(said)


def test_a_short_verdict_of_too_large_a_gain_says_so(tmp_path: Path) -> None:
    """Of many, none takes more than two lines; what makes the gain doubtful stays."""
    sample = Sample(tmp_path / "long", common={"workload": "function", "function": f"photos:{'resize' * 9}"})
    for size in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        sample.add_rounds(_rounds(5.2), column="speedup", model="process", payload_bytes=1024 * size)
    lines = brief_lines(load(sample.path), 80)
    assert "calls do less" not in " ".join(lines)
    assert " ".join(line.strip() for line in lines).count("above what two workers can gain.") == 9


def test_a_title_praises_no_gain_that_workers_cannot_make(tmp_path: Path) -> None:
    """It names the largest of the others; a gain that stands alone, with what else makes it."""
    sample = Sample(tmp_path / "beyond")
    sample.add_rounds(_rounds(5.2), column="speedup", model="thread", workers=2, task_ns=2_000_000)
    assert "5.20x; above what two workers can gain" in describe_answers(load(sample.path).verdicts)
    for speedup, task_ns in ((1.9, 1_000_000), (1.8, 500_000)):
        sample.add_rounds(_rounds(speedup), column="speedup", model="thread", workers=2, task_ns=task_ns)
    title = describe_answers(load(sample.path).verdicts)
    assert title.startswith("Parallel work pays throughout, most for ")
    assert "1.90x" in title


FAULTING = {"task_faults_alone": 1900.0, "page_fault_ns": 2_000, "task_measured_ns": 5_000_000}


@pytest.mark.parametrize(("there", "said"), [(0.0, True), (1300.0, False)])
def test_page_faults_that_workers_are_spared_are_named_with_a_remedy(
    tmp_path: Path, there: float, said: bool
) -> None:
    """Calls that fault alone and not in threads: what the speedup is of, and what to measure beside it."""
    sample = Sample(tmp_path / "faulting")
    facts = FAULTING | {"task_faults": there}
    sample.add_rounds(_rounds(4.3), column="speedup", model="thread", workers=2, facts=facts)
    (verdict,) = load(sample.path).verdicts.to_dict("records")
    by = (
        "by page faults that its workers are spared: 1900 a task, 3.80 ms of the 5.00 ms alone, 0 in a worker"
    )
    assert (by in verdict["sentence"]) == said
    assert ("two workers can gain" in verdict["sentence"]) != said
    measures = "environment.MALLOC_TOP_PAD_=null,67108864 measures it with and without a heap that keeps freed memory (glibc)"
    assert (measures in verdict["details"]) == said


def test_environments_are_answered_apart_with_what_a_serial_task_takes(tmp_path: Path) -> None:
    """A speedup is over the serial tasks of its own environment: the shortest may be in another one."""
    sample = Sample(tmp_path / "environments")
    pad = "MALLOC_TOP_PAD_"
    for variables, speedup, length in ((pad, 4.3, 5_000_000), (f"{pad}=67108864", 1.3, 1_250_000)):
        facts = FAULTING | {"task_faults": 0.0, "task_measured_ns": length}
        facts |= {"task_faults_alone": 1900.0 if "=" not in variables else 0.0}
        sample.add_rounds(_rounds(speedup), column="speedup", variables=variables, facts=facts)
    first, second = load(sample.path).verdicts.to_dict("records")
    assert first["sentence"].startswith(
        "For spin at 1 KiB, MALLOC_TOP_PAD_ unset: two threads over a queue, 4.30x"
    )
    assert "; a serial task takes 5.00 ms, 1.25 ms with MALLOC_TOP_PAD_=67108864." in first["sentence"]
    assert "; a serial task takes 1.25 ms, 5.00 ms with MALLOC_TOP_PAD_ unset." in second["sentence"]
    assert not [text for text in first["details"] if "measures" in text]


def test_a_family_is_spoken_of_by_more_than_one_worker(tmp_path: Path) -> None:
    """A single thread is as fast as serial for no reason; what two gain tells what threads are good for."""
    sample = Sample(tmp_path / "single")
    for model, workers, speedup in (("process", 2, 1.9), ("thread", 1, 1.0), ("thread", 2, 0.96)):
        sample.add_rounds(_rounds(speedup), column="speedup", model=model, workers=workers)
    assert "threads gain nothing, 0.96x" in load(sample.path).verdicts["sentence"].iloc[0]


def test_a_family_without_an_interval_is_not_said_to_gain_nothing(tmp_path: Path) -> None:
    """What one process measured is below the band, and what others would measure is not known."""
    sample = Sample(tmp_path / "single")
    sample.add_rounds(_rounds(1.9), column="speedup", model="process")
    sample.add_rounds([0.86], column="speedup", model="thread")
    (verdict,) = load(sample.path).verdicts.to_dict("records")
    assert verdict["decision"] == "parallel"
    assert "gain nothing" not in " ".join((verdict["sentence"], *verdict["details"]))


def test_what_a_mechanism_raised_is_said_with_its_type(tmp_path: Path) -> None:
    """And with the first line of its message, however many it has."""
    sample = Sample(tmp_path / "failed")
    sample.add_bad("failed", "ValueError: first\n\n  second (mine.py:1 in bad)", model="process")
    said = "(failed: ValueError: first ... second (mine.py:1 in bad))"
    assert said in load(sample.path).verdicts["sentence"].iloc[0]


def test_what_a_terminal_would_obey_is_written_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Labels are whatever somebody typed: one may turn a line around, or hold what switches colours."""
    sample = Sample(tmp_path / "labels")
    for label in ("a\u202eb", "c\x1b[31md"):
        sample.add_map(speedup=1.5, label=label)
        sample.add_bad("failed", f"ValueError: {label}", label=label, model="process")
    show([str(sample.path), "--verbose", "--no-figures"])
    said = capsys.readouterr().out
    assert (r"a\u202eb" in said, r"c\x1b[31md" in said) == (True, True)
    assert all(line.isprintable() for line in said.splitlines())
