"""Claims and other programs on the machine: what these may have caused decides nothing, and every form says so."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from breakeven.analysis.claims import CLAIMS
from breakeven.analysis.claims.claim import combine
from breakeven.analysis.claims.expectation import INCONCLUSIVE, SIZE
from breakeven.analysis.claims.verdict import Verdict, judge
from breakeven.analysis.frames.load import Lab, load
from breakeven.command import main
from tests.analysis_samples import Sample
from tests.claim_samples import DATA, Add, busy, gains, near

Captured = pytest.CaptureFixture[str]

_DECIDED = [(claim, decision) for claim in CLAIMS for decision in ("supported", "contradicted")]
_WINDOW: dict[str, Any] = {"pattern": "window", "workload": "histogram", "tasks": None, "workers": 8}


def _load(path: Path, add: Add) -> Lab:
    sample = Sample(path / "mine", rounds=3, pairs=4)
    add(sample)
    return load(sample.path)


def _disturb(lab: Lab, by: str = "steal") -> Lab:
    """Return ``lab`` as if all of its trials had been disturbed."""
    runs = lab.runs.assign(n_trials=10, n_disturbed=10, speedup_quiet=float("nan"))
    return lab.replace(runs=runs, trials=lab.trials.assign(disturbed_by=by))


@pytest.mark.parametrize(("name", "decision"), _DECIDED)
def test_what_disturbance_may_have_caused_decides_nothing(tmp_path: Path, name: str, decision: str) -> None:
    """Any time or speedup of trials that were all disturbed is open, whatever it is; sizes and counts count."""
    lab = _load(tmp_path, getattr(DATA[name], decision))
    for before, found in zip(judge(lab, [name]), judge(_disturb(lab), [name]), strict=True):
        for known, part in zip(before.parts, found.parts, strict=True):
            timed = part.within is not None and part.unit != SIZE and part.seen
            assert part.decision == (INCONCLUSIVE if timed else known.decision), part
            assert part.lacks.startswith("a quieter machine: ") == bool(timed)
            assert ("% of pairs disturbed)" in part.said) == bool(timed)
        assert found.decision == combine(found.parts)


def _half(lab: Lab, quiet: pd.Series[float]) -> Lab:
    """Return ``lab`` as if six of ten pairs had been disturbed, with the speedups of the others."""
    return lab.replace(runs=lab.runs.assign(n_trials=10, n_disturbed=6, speedup_quiet=quiet))


def _only(verdicts: list[Verdict]) -> Verdict:
    (found,) = verdicts
    return found


@pytest.mark.parametrize(
    ("quiet", "decision"),
    [(0.7, "supported"), (1.9, "contradicted")],
)
def test_undisturbed_pairs_decide(tmp_path: Path, quiet: float, decision: str) -> None:
    """If they have an interval: those of one process do not stand for the cell."""
    lab = _load(tmp_path, partial(gains, values=near(1.0), model="thread", **_WINDOW))
    found = _only(judge(_half(lab, lab.runs["speedup"] * quiet), ["C09"]))
    assert found.decision == decision
    assert found.parts[0].said.endswith("(of undisturbed pairs; 60% of pairs disturbed)")
    alone = (lab.runs["speedup"] * quiet).where(lab.runs["round"].eq(0))
    found = _only(judge(_half(lab, alone), ["C09"]))
    assert found.decision == INCONCLUSIVE
    assert found.parts[0].said.endswith("] (60% of pairs disturbed)")


def test_cpus_are_those_of_undisturbed_trials(tmp_path: Path) -> None:
    """Processes that overlap whenever nothing else runs do overlap."""
    lab = _load(tmp_path, partial(busy, cpus=near(1.0), model="process"))
    starved = lab.trials.assign(block=0, disturbed_by="foreign load")
    free = lab.trials.assign(block=1, disturbed_by=None, cpu_ns=lab.trials["cpu_ns"] * 2)
    runs = lab.runs.assign(n_trials=3, n_disturbed=2)
    trials = pd.concat([starved, starved.assign(block=2), free], ignore_index=True)
    part = _only(judge(lab.replace(runs=runs, trials=trials), ["C20"])).parts[2]
    assert part.decision == "supported"
    assert "2.00 [1.95, 2.05] (of undisturbed pairs; 67% of pairs disturbed)" in part.said


def test_native_threads_of_the_work_are_no_disturbance(tmp_path: Path) -> None:
    """That a library's threads meet in several processes is what C16 is about."""
    lab = _load(tmp_path, DATA["C16"].supported)
    cells = lab.runs[["cell_id", "round"]]
    trials = pd.concat(
        [cells.assign(block=block, trial=block, kind="parallel") for block in range(10)], ignore_index=True
    ).assign(warmup=False, traced=False, disturbed_by="native threads")
    runs = lab.runs.assign(n_trials=10, n_disturbed=10)
    assert _only(judge(lab.replace(runs=runs, trials=trials), ["C16"])).decision == "supported"
    stolen = lab.replace(runs=runs, trials=trials.assign(disturbed_by="steal, native threads"))
    assert _only(judge(stolen, ["C16"])).decision == INCONCLUSIVE


def test_a_speedup_above_what_workers_allow_is_doubted(tmp_path: Path) -> None:
    """Several workers get a larger share of a busy machine, though less than half of the pairs met others."""
    lab = _load(tmp_path, partial(gains, values=near(3.0), workload="sleep", model="thread", workers=2))
    runs = lab.runs.assign(n_trials=10, n_disturbed=3, speedup_quiet=float("nan"))
    found = _only(judge(lab.replace(runs=runs), ["C07"]))
    assert found.parts[0].decision == INCONCLUSIVE
    known = _only(judge(lab.replace(runs=runs.assign(n_disturbed=0)), ["C07"]))
    assert known.parts[0].decision == "supported"


def test_every_form_says_it(tmp_path: Path, capsys: Captured) -> None:
    """Text, Markdown, JSON and page: first of all, and of each number; a quiet sweep is silent."""
    sample = Sample(tmp_path / "mine", rounds=3)
    disturbed = {"n_trials": 10, "n_disturbed": 10}
    gains(sample, near(0.7), model="thread", facts=disturbed, **_WINDOW)
    page = tmp_path / "page.html"
    assert main(["claims", str(sample.path), "--page", str(page)]) == 0
    notice = "100% of all pairs of trials were disturbed"
    text, markdown = capsys.readouterr().out, (sample.path / "claims.md").read_text()
    stored = json.loads((sample.path / "claims.json").read_text())
    assert text.startswith(notice)
    assert notice in markdown
    assert stored["notice"].startswith(notice)
    assert notice in page.read_text(encoding="utf-8")
    for form in (text, markdown, page.read_text(encoding="utf-8"), json.dumps(stored)):
        assert "(100% of pairs disturbed)" in " ".join(form.split()).replace("\\", "")
    (seen,) = next(claim for claim in stored["claims"] if claim["id"] == "C09")["measured"][0]["seen"]
    assert (seen["disturbed"], seen["undisturbed_pairs_only"]) == (1.0, False)

    quiet = Sample(tmp_path / "quiet", rounds=3)
    gains(quiet, near(0.7), model="thread", facts=disturbed | {"n_disturbed": 0}, **_WINDOW)
    assert main(["claims", str(quiet.path), "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["notice"] is None
    assert "disturbed)" not in json.dumps(said)
