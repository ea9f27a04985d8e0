"""The page of claims: which hold, what was measured of each and by which rule, and the figure that shows it."""

from __future__ import annotations

import math
import re
from functools import partial
from pathlib import Path

import pytest

from breakeven.analysis.claims import CLAIMS
from breakeven.analysis.claims.expectation import RATIO, SHARE, Part
from breakeven.analysis.claims.page import describe_claims
from breakeven.analysis.claims.pictures import picture
from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.claims.verdict import Verdict, judge
from breakeven.analysis.frames.load import load
from breakeven.analysis.pages.page import render
from breakeven.base.layout import SweepPaths
from breakeven.command import main
from tests.analysis_samples import Sample
from tests.claim_samples import DATA, both, near, windows
from tests.page_samples import read_data

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a sweep that supports C03, contradicts C17 and leaves C12 open, with data for some others."""
    sample = Sample(tmp_path_factory.mktemp("claims") / "mine", rounds=3, pairs=4)
    parts = (DATA["C03"].supported, DATA["C17"].contradicted, DATA["C12"].inconclusive)
    threads = partial(windows, gains={2: near(1.0), 4: near(0.8), 8: near(0.7)}, model="thread")
    both(*parts, threads, partial(windows, gains={2: near(1.9)}, model="mp_pool"))(sample)
    return sample.path


@pytest.fixture(scope="module")
def verdicts(folder: Path) -> list[Verdict]:
    """Return what it says of every claim."""
    return judge(load(folder))


@pytest.fixture(scope="module")
def page(folder: Path, verdicts: list[Verdict]) -> str:
    """Return its page."""
    return render(describe_claims(load(folder), verdicts, "outputs/mine"))


def _article(page: str, name: str) -> str:
    return page.partition(f'<article class="claim" id="{name}">')[2].partition("</article>")[0]


def test_verdicts_come_first(verdicts: list[Verdict], page: str) -> None:
    """The counts, then every claim in a line that leads to all about it."""
    counts = {
        decision: [verdict.decision for verdict in verdicts].count(decision)
        for decision in ("supported", "contradicted", "inconclusive")
    }
    said = ", ".join(f"{count} {decision}" for decision, count in counts.items())
    assert f"<h1>20 claims on CPython 3.11.7: {said}</h1>" in page
    overview = page.partition('<ol class="overview">')[2].partition("</ol>")[0]
    assert re.findall(r'<span class="chip">(\w+)</span><a href="#(C\d\d)">', overview) == [
        (verdict.decision, verdict.claim.id) for verdict in verdicts
    ]
    assert re.findall(r'<article class="claim" id="(C\d\d)">', page) == list(CLAIMS)


def test_each_claim_has_what_was_measured_its_rule_and_what_would_change_it(
    verdicts: list[Verdict], page: str
) -> None:
    """And the cells behind it, with the commands."""
    for verdict in verdicts:
        article = _article(page, verdict.claim.id)
        text = re.sub(r"<[^>]+>", "", article).replace("&#39;", "'")
        assert verdict.claim.text in text
        assert f"Would change it: {verdict.claim.changes}." in text
        for part in verdict.parts:
            assert part.what in text
            assert part.said in text
            assert f"Rule: {part.rule.removeprefix(f'{part.what}: ')}" in text
        assert all(cell in text for cell in verdict.cells)
        missing = [run for lacks, run in verdict.lacks if f"cells of {run}" in lacks]
        assert text.count("Measures the cells that are missing:") == len(set(missing))
        assert all(f"breakeven run {run}" in text for run in missing)
        assert f"breakeven show outputs/mine --figure {verdict.claim.figure.name}" in text


def test_a_figure_is_drawn_once(page: str) -> None:
    """For the first claim that it shows; others lead to it, and a claim without cells or without data for it has none."""
    (scaling,) = re.findall(r'<details id="(figure-\d+)"><summary>Figure scaling, of pattern=window', page)
    (counter,) = re.findall(r'<details id="(figure-\d+)"><summary>Figure observed, of pattern=counter', page)
    assert scaling != counter
    assert f'id="{counter}"' in _article(page, "C12")
    assert "<svg viewBox" in _article(page, "C12")
    above = f'Figure scaling, of pattern=window: <a href="#{scaling}">above</a>'
    first, second = (name for name in CLAIMS if CLAIMS[name].figure == CLAIMS["C09"].figure)
    assert f'id="{scaling}"' in _article(page, first)
    assert above in _article(page, second)
    for name in ("C02", "C16"):
        assert ">Figure" not in _article(page, name)


def test_all_numbers_can_be_copied(verdicts: list[Verdict], page: str) -> None:
    """One line for each that was seen, with its unit, interval and counts."""
    (table,) = read_data(page)["tables"]
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    seen = [(verdict.claim.id, one) for verdict in verdicts for part in verdict.parts for one in part.seen]
    assert [(row["claim"], row["name"], float(row["value"])) for row in rows] == [
        (claim, one.name, one.value) for claim, one in seen
    ]
    counted = [row for row in rows if row["unit"] == "per million"]
    assert counted
    assert all(float(row["events"]) <= float(row["trials"]) for row in counted)


def _part(unit: str, ends: tuple[float, float], *seen: tuple[float, float, float]) -> Part:
    found = tuple(Seen("x", *values, ("cell",)) for values in seen)
    lies = ("supported",) * len(seen)
    return Part("what", "rule", "supported", unit, found, "", within=ends, lies=lies)


def test_the_picture_shows_the_range_that_is_expected() -> None:
    """With its ends inside the picture, whatever was seen; shares may be zero."""
    drawn = picture(_part(RATIO, (0.8, 1.25), (1.0, 0.99, 1.01)))
    assert drawn is not None
    assert drawn.band is not None
    assert 3 < drawn.band[0] < sum(drawn.band) < 97
    assert drawn.one is not None
    below = picture(_part(SHARE, (-math.inf, 0.01), (0.0, 0.0, 0.0), (0.3, 0.0, 1.0)))
    assert below is not None
    assert below.band is not None
    assert below.band[0] == 0
    assert [mark.value for mark in below.marks] == sorted(mark.value for mark in below.marks)
    assert picture(_part(RATIO, (0.8, 1.25))) is None
    assert picture(_part("per million", (0, 1), (1.0, 1.0, 1.0))._replace(within=None)) is None


def test_what_is_printed_stays_what_it_was(folder: Path, tmp_path: Path, capsys: Captured) -> None:
    """Some claims alone make a small page; where it is goes to the other stream."""
    target = tmp_path / "claims.html"
    assert main(["claims", str(folder), "--only", "C16,c17", "--format", "json", "--page", str(target)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("{")
    assert err.startswith(f"{target}: ")
    page = target.read_text(encoding="utf-8")
    assert re.findall(r'<article class="claim" id="(C\d\d)">', page) == ["C16", "C17"]
    assert SweepPaths(folder).claims.exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            ["--page", "{here}"],
            "cannot write the page to {here}: it is a folder; name a file in it with --page",
        ),
        (
            ["--rules", "--page", "x.html"],
            "argument --page: not allowed with argument --rules; see breakeven claims --help",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, capsys: Captured, typed: list[str], said: str
) -> None:
    """Before anything is read."""
    assert main(["claims", "nowhere", *(word.format(here=tmp_path) for word in typed)]) == 2
    assert capsys.readouterr() == ("", f"{said.format(here=tmp_path)}\n")
