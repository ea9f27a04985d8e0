"""Claims: each is supported by data that support it, contradicted by other data, and else left open, all by one rule."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from breakeven.analysis.claims import CLAIMS
from breakeven.analysis.claims.command import main
from breakeven.analysis.claims.expectation import DECISIONS
from breakeven.analysis.claims.export import to_json, to_markdown
from breakeven.analysis.claims.repeat import conditions_for
from breakeven.analysis.claims.rules import rules
from breakeven.analysis.claims.text import lines
from breakeven.analysis.claims.verdict import Verdict, judge
from breakeven.analysis.errors import UnknownName, UnlikeHosts, VerdictsUnwritable
from breakeven.analysis.figures import FIGURES
from breakeven.analysis.frames.load import load
from breakeven.base.layout import SweepPaths
from breakeven.runner.config.files import conf_folder
from tests.analysis_samples import Sample
from tests.claim_samples import DATA, Add, both, builds, busy, gains, near, results, windows, wrong

Captured = pytest.CaptureFixture[str]


def _judge(path: Path, add: Add, *ids: str) -> list[Verdict]:
    sample = Sample(path / "mine", rounds=3, pairs=4)
    add(sample)
    return judge(load(sample.path), ids or CLAIMS)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    """Return verdicts of every decision, some on cells with and some on cells without an interval."""
    parts = (DATA["C12"].supported, DATA["C17"].contradicted, DATA["C11"].supported, DATA["C08"].inconclusive)
    alone = partial(windows, gains={8: [0.5]}, model="thread")
    return _judge(tmp_path_factory.mktemp("judged"), both(*parts, alone))


CASES = [(claim, decision) for claim in CLAIMS for decision in DECISIONS]


def test_every_claim_has_its_tests() -> None:
    """Data that support it, contradict it and leave it open, under the id that the registry has."""
    assert list(DATA) == list(CLAIMS) == [f"C{number:02d}" for number in range(1, 21)]
    assert all(claim.id == name for name, claim in CLAIMS.items())


@pytest.mark.parametrize(("name", "decision"), CASES)
def test_the_data_decide(tmp_path: Path, name: str, decision: str) -> None:
    """The same rule on other data gives another verdict, with the cells behind it, or what it lacks."""
    verdicts = _judge(tmp_path, getattr(DATA[name], decision), name)
    assert verdicts
    for found in verdicts:  # C10 has two interpreters
        assert found.decision == decision, found.parts
        assert found.cells or found.lacks
        assert bool(found.lacks) or decision != "inconclusive"


def test_one_process_decides_nothing(tmp_path: Path) -> None:
    """Its interval does not stand for the cell."""
    (found,) = _judge(tmp_path, partial(windows, gains={8: [0.5]}, model="thread"), "C09")
    assert found.decision == "inconclusive"
    assert found.lacks[0][0] == "more rounds: one process has no interval"


def test_what_a_sweep_has_no_cells_for_is_named_with_what_measures_it(tmp_path: Path) -> None:
    """Any sweep can be judged: of each claim it is said which cells are missing."""
    found = _judge(tmp_path, partial(results, model="loky", tasks=10))
    assert {verdict.decision for verdict in found} == {"inconclusive"}
    assert [verdict.claim.id for verdict in found] == list(CLAIMS)
    for verdict in found:
        assert all(part.run and not part.seen for part in verdict.parts)
        text = " ".join("\n".join(lines([verdict], "outputs/mine", 80, full=False)).split())
        assert all(f"needs {part.lacks}" in text for part in verdict.parts)
        named = any(f"needs cells of {part.run}" in text for part in verdict.parts)
        assert text.endswith("+experiment=claims, or as named") == named


def test_what_a_machine_lacks_is_said(tmp_path: Path) -> None:
    """CPUs, and builds of Python that were made alike."""
    (few,) = _judge(tmp_path / "few", DATA["C04"].inconclusive, "C04")
    assert [lacks for lacks, _ in few.lacks] == [f"{cpus} CPUs; this machine has 2" for cpus in (4, 8, 16)]
    (unlike,) = _judge(tmp_path / "unlike", DATA["C10"].inconclusive, "C10")  # one verdict on both
    assert unlike.lacks[0][0] == (
        "builds that were made alike; 3.13.5 (GCC 12.2.0, -O3) and 3.13.5t (GCC 12.2.0, -O0) were not"
    )
    assert unlike.interpreter == "CPython 3.13.5, CPython 3.13.5+GIL off"
    (alone,) = _judge(tmp_path / "alone", partial(builds, rates={True: near(1.0)}), "C10")
    assert alone.lacks[0][0] == "a build with the GIL and a free-threaded one, of one minor version"


def test_claims_about_the_gil_need_one(tmp_path: Path) -> None:
    """Threads without it neither support nor contradict that they take turns."""
    free = partial(busy, cpus=near(1.9), model="thread", gil_enabled=False)
    (found,) = _judge(tmp_path, free, "C01")
    assert found.decision == "inconclusive"
    assert "(threads with a GIL, on two CPUs or more: " in found.lacks[0][0]


def test_interpreters_are_judged_apart(tmp_path: Path) -> None:
    """What holds on one need not hold on another one."""
    slower = partial(windows, gains={8: near(0.7)}, model="thread")
    twice = partial(
        windows,
        gains={8: near(1.9)},
        model="thread",
        interpreter="t",
        python_version="3.13.5",
        gil_enabled=False,
    )
    found = _judge(tmp_path, both(slower, twice), "C09")
    assert [(verdict.interpreter, verdict.decision) for verdict in found] == [
        ("CPython 3.11.7", "supported"),
        ("CPython 3.13.5+GIL off", "contradicted"),
    ]
    assert not set(found[0].cells) & set(found[1].cells)


def test_the_effect_is_said_with_its_interval(tmp_path: Path) -> None:
    """What decides stands first; of what is counted, how often it was seen and of how much."""
    (found,) = _judge(
        tmp_path / "gains", partial(windows, gains={2: near(1.0), 4: near(0.8)}, model="thread"), "C09"
    )
    assert found.parts[0].said == "thread x4 0.80 [0.78, 0.82]; thread x2 1.00 [0.98, 1.03]"
    (found,) = _judge(tmp_path / "counts", DATA["C12"].supported, "C12")
    assert [part.said for part in found.parts] == [
        "process x2 20.0 % [19.5 %, 20.5 %], 12.0 M of 60.0 M",
        "none of 60.0 M (process x2), which leaves at most 0.050 per million (95 %)",
        "process x2 10.0 [9.78, 10.2]",
    ]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("width", [60, 80])
def test_lines_fit(judged: list[Verdict], width: int, full: bool) -> None:
    """Every claim is there, and no line is wider than the screen but for words that are."""
    found = lines(judged, "outputs/mine", width, full=full)
    assert max(len(line) for line in found if " " in line.strip()) <= width
    text = " ".join(" ".join(found).split())
    assert all(f"{verdict.claim.id} {verdict.decision}: {verdict.claim.text}" in text for verdict in judged)
    assert all((f"would change it: {verdict.claim.changes}" in text) == full for verdict in judged)


@pytest.mark.parametrize("full", [False, True])
def test_commands_about_a_folder_can_be_typed(judged: list[Verdict], full: bool) -> None:
    """Whatever is in its name: it is one word of what is printed."""
    found = " ".join(" ".join(lines(judged, "of mine/a", 80, full=full)).replace("\\", "").split())
    said = "breakeven show 'of mine/a' --figure " if full else "breakeven claims 'of mine/a' --all"
    assert said in found


def test_data_and_markdown_hold_everything(judged: list[Verdict]) -> None:
    """Numbers as numbers, null where there is none; nothing that JSON does not know."""
    plain = json.loads(json.dumps(to_json(judged), allow_nan=False))
    assert [claim["id"] for claim in plain["claims"]] == list(CLAIMS)
    page = to_markdown(judged, "outputs/mine")
    for claim, verdict in zip(plain["claims"], judged, strict=True):
        assert (claim["decision"], claim["claim"]) == (verdict.decision, verdict.claim.text)
        assert [part["rule"] for part in claim["measured"]] == [part.rule for part in verdict.claim.expects]
        assert set(claim["cells"]) >= {
            cell for part in claim["measured"] for seen in part["seen"] for cell in seen["cells"]
        }
        assert f"## {claim['id']}: {claim['decision']}" in page
    (alone,) = [claim for claim in plain["claims"] if claim["id"] == "C09"]
    assert alone["measured"][0]["seen"][0]["low"] is None


def test_every_figure_exists() -> None:
    """Each claim names one."""
    assert {claim.figure.name for claim in CLAIMS.values()} <= FIGURES.keys()


def test_the_experiment_has_cells_for_every_claim() -> None:
    """What measures an expectation is a part of one of its grids, value by value."""
    file = conf_folder() / "experiment" / "claims.yaml"
    grids: Any = yaml.safe_load(file.read_text(encoding="utf-8").replace("${breakeven.cpus:}", "2"))["hydra"][
        "sweeper"
    ]["grids"]
    known = [{key: set(str(values).split(",")) for key, values in grid.items()} for grid in grids]
    for claim in CLAIMS.values():
        for expectation in claim.expects:
            asked = [text.partition("=") for text in expectation.run.split()]
            found = [
                grid
                for grid in known
                if all(set(values.split(",")) & grid.get(key, set()) for key, _, values in asked)
            ]
            assert found, (claim.id, expectation.run)


def test_the_page_has_the_rules_of_the_code() -> None:
    """`breakeven claims --rules` prints them."""
    page = (Path(__file__).parents[2] / "docs" / "claims.md").read_text(encoding="utf-8")
    assert page.partition("## The rules\n\n")[2] == rules(CLAIMS.values())


@pytest.mark.parametrize(
    ("overrides", "conditions"),
    [
        (
            ["model=thread\nworkers=1", "model=thread\nworkers=2"],
            [{"model": ["thread"], "workers": ["1", "2"]}],
        ),
        (
            ["model=thread\nworkers=1", "model=process\nworkers=2"],
            [{"model": ["thread"], "workers": ["1"]}, {"model": ["process"], "workers": ["2"]}],
        ),
        (
            ["+experiment=claims\nmodel=serial", "+experiment=claims\nmodel=thread\ntask=1ms"],
            [{"model": ["serial"]}, {"model": ["thread"], "task": ["1ms"]}],
        ),
    ],
)
def test_conditions_choose_the_cells(overrides: list[str], conditions: list[dict[str, list[str]]]) -> None:
    """As few as hold no other combination of their values."""
    cells = [f"cell{number}" for number in range(len(overrides))]
    assert conditions_for(pd.DataFrame({"cell_id": cells, "overrides": overrides}), cells) == conditions


def test_the_command_that_measures_again(tmp_path: Path) -> None:
    """What was typed, with the conditions that choose the cells behind a verdict; none if the launch is not known."""
    sample = Sample(tmp_path / "mine", rounds=3, pairs=4)
    windows(sample, {8: near(0.7)}, model="thread", overrides="pattern=window\nworkers=8")
    gains(sample, near(1.0), model="process", overrides="workers=2")
    (unknown,) = judge(load(sample.path), ["C09"])
    assert unknown.again == ""
    cells = load(sample.path).cells.index
    launch = {
        "overrides": ["+experiment=mine", "sweep=mine"],
        "options": [],
        "order": [f"{cell}-0" for cell in cells],
    }
    SweepPaths(sample.path).description.write_text(yaml.safe_dump({"launches": [launch]}))
    (known,) = judge(load(sample.path), ["C09"])
    assert (
        known.again.partition(" run ")[2]
        == "+experiment=mine 'hydra.sweeper.only=[{pattern:window,workers:8}]'"
    )


def test_the_command_judges_and_leaves_files(tmp_path: Path, capsys: Captured) -> None:
    """One claim alone is printed in full; the files hold all."""
    sample = Sample(tmp_path / "mine", rounds=3)
    windows(sample, {8: near(0.7)}, model="thread")
    assert main([str(sample.path), "--only", "c09"]) == 0
    said = capsys.readouterr().out
    assert "C09 supported: " in said
    assert "C08" not in said
    assert "rule: work of two or more computing threads" in said
    stored = json.loads((sample.path / "claims.json").read_text())
    assert len(stored["claims"]) == len(CLAIMS)
    assert (sample.path / "claims.md").read_text().startswith("# ")
    assert main([str(sample.path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == stored


def test_rules_need_no_sweep(capsys: Captured) -> None:
    """They are those of the page."""
    assert main(["nowhere", "--rules", "--only", "C03"]) == 0
    assert capsys.readouterr().out == rules([CLAIMS["C03"]])


def test_an_unknown_claim_is_refused_in_one_line() -> None:
    """With what there is."""
    with pytest.raises(
        UnknownName, match=r"^--only C21: no such choice \(did you mean C20\?\); there are C01, .*, C20$"
    ):
        main(["nowhere", "--only", "C21"])


def test_unlike_hosts_are_refused_unless_asked_for(tmp_path: Path, capsys: Captured) -> None:
    """Their times do not compare."""
    sample = Sample(tmp_path / "mine", rounds=3)
    for model in ("One CPU", "Other CPU"):
        gains(sample, near(1.0), facts={"cpu_model": model, "hostname": model}, label=model)
    with pytest.raises(
        UnlikeHosts,
        match=r"mine is of hosts with unlike CPUs \(One CPU; Other CPU\), whose times do not compare",
    ):
        main([str(sample.path)])
    assert main([str(sample.path), "--mix-hosts"]) == 0
    assert "20 inconclusive" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, capsys: Captured) -> None:
    """After the verdicts were printed and the page, which may be elsewhere, was written."""
    sample = Sample(tmp_path / "mine", rounds=3)
    gains(sample, near(1.0))
    (sample.path / "claims.json").mkdir()
    page = tmp_path / "page.html"
    remedy = "free or unlock its folder, or name a copy of that"
    with pytest.raises(VerdictsUnwritable, match=rf"claims\.json cannot be written \(.*\); {remedy}$"):
        main([str(sample.path), "--page", str(page)])
    assert "C01 inconclusive" in capsys.readouterr().out
    assert "</html>" in page.read_text(encoding="utf-8")


def test_a_sweep_without_a_run_that_is_ok(tmp_path: Path) -> None:
    """A wrong result contradicts, though nothing else is known."""
    found = {
        verdict.claim.id: verdict.decision
        for verdict in _judge(tmp_path, partial(wrong, model="mp_pool", ipc="native"))
    }
    assert found.pop("C05") == "contradicted"
    assert set(found.values()) == {"inconclusive"}
