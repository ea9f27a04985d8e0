"""The page of a comparison: the verdict in words, every pair, what could not be compared, where both sides come from."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
import yaml

from breakeven.analysis.comparing import Comparison, Question
from breakeven.analysis.comparing.comparison import COLUMNS
from breakeven.analysis.comparing.page import describe_comparison
from breakeven.analysis.comparing.points import explore
from breakeven.analysis.comparing.select import open_side
from breakeven.analysis.comparing.words import call_sides, say_all, say_each
from breakeven.analysis.pages.page import render
from breakeven.base.layout import SweepPaths
from breakeven.command import main
from tests.analysis_samples import Sample
from tests.page_samples import read_data

Captured = pytest.CaptureFixture[str]

STEADY = (0.99, 1.0, 1.01)
GAINS = {("thread", 1): 1.0, ("thread", 2): 0.7, ("process", 1): 1.3, ("process", 2): 1.4}
KIB = 1024


def _add(
    sample: Sample, label: str, gains: dict[tuple[str, int], float], rounds: tuple[float, ...] = STEADY
) -> None:
    for (model, workers), gain in gains.items():
        values = [1000 * workers * gain * value for value in rounds]
        sample.add_rounds(values, label=label, model=model, workers=workers)


def _compare(a: str, b: str, band: float = 0.05, within: Path = Path("outputs/a")) -> Comparison:
    one, other = (open_side(name, text, within) for name, text in (("A", a), ("B", b)))
    return Comparison.of(one, other, Question(band=band))


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a sweep with labels a and b: two cells faster, one slower, one the same, one of a single round, one of b alone."""
    sample = Sample(tmp_path_factory.mktemp("labels") / "mine")
    for label, gains in (("a", dict.fromkeys(GAINS, 1.0)), ("b", GAINS)):
        _add(sample, label, gains)
        _add(sample, label, {("serial", 1): 1.0}, rounds=STEADY[:1])
    sample.add_rounds(STEADY, label="b", model="loky", workers=1)
    sample.add_bad("timeout", "too long", label="b", model="thread", workers=16)
    return sample.path


@pytest.fixture(scope="module")
def comparison(labels: Path) -> Comparison:
    """Return the comparison of both labels."""
    return _compare("label=a", "label=b", within=labels)


@pytest.fixture(scope="module")
def page(comparison: Comparison) -> str:
    """Return its page."""
    return render(describe_comparison(comparison, ["label=a", "label=b"]))


def _page(*arguments: str) -> str:
    assert main(["compare", *arguments, "--page", "page.html"]) == 0
    return Path("page.html").read_text(encoding="utf-8")


def test_the_verdict_comes_first_in_words(comparison: Comparison, page: str) -> None:
    """How many cells are faster, slower, the same, and not decided; then each verdict with its range."""
    assert say_all(comparison) == (
        "label=b is faster than label=a in 2 of 5 cells, slower in 1, the same within 5 % in 1, not decided in 1"
    )
    assert list(say_each(comparison)) == [
        ("slower", "0.70x [0.68, 0.72]: thread, 2 workers", ()),
        ("faster", "1.30x to 1.40x, most 1.40x [1.37, 1.43]: process, 2 workers", ()),
        ("cannot tell", "1 cell: only one round of A and B: the spread between processes is unknown", ()),
        ("same", "1.00x [0.98, 1.02]: thread, 1 worker", ()),
    ]
    assert f"<h1>{say_all(comparison)}</h1>" in page
    heads = ("slower", "faster", "not decided", "same")
    assert [head for head in heads if f'<span class="chip">{head}</span>' in page] == list(heads)


@pytest.mark.parametrize(
    ("gains", "band", "said"),
    [
        ([1.3, 1.3], 0.05, "label=b is faster than label=a in all 2 cells"),
        ([0.7], 0.05, "label=b is slower than label=a in the one cell that both have"),
        ([1.0, 1.0], 0.1, "label=b is as fast as label=a, within 10 %, in all 2 cells"),
        ([1.0, 1.0, 1.0], 0.0, "None of 3 cells decides whether label=b is faster than label=a"),
        ([0.7, 1.0], 0.05, "label=b is slower than label=a in 1 of 2 cells, the same within 5 % in 1"),
    ],
)
def test_headlines(sample: Sample, gains: list[float], band: float, said: str) -> None:
    """For every mixture of verdicts."""
    cells = {("thread", workers): gain for workers, gain in enumerate(gains, 1)}
    _add(sample, "a", dict.fromkeys(cells, 1.0))
    _add(sample, "b", cells)
    assert say_all(_compare("label=a", "label=b", band)) == said


def test_what_the_sides_are_called(sample: Sample) -> None:
    """By what tells them apart: the selections, the folders; A and B where that is neither or too long."""
    other = Sample(sample.path.with_name("b"))
    long = "x" * 50
    for made, label in product((sample, other), ("one", "two", long)):
        _add(made, label, {("thread", 1): 1.0})
    for sides, names in (
        (("label=one", "label=two"), ("label=one", "label=two")),
        (("outputs/a", "outputs/b"), ("a", "b")),
        (("outputs/a:label=one", "outputs/b:label=one"), ("A", "B")),
        (("label=one", f"label={long}"), ("A", "B")),
    ):
        assert call_sides(_compare(*sides)) == names


def test_every_pair_is_in_the_table_and_in_the_picture(comparison: Comparison, page: str) -> None:
    """In the order of the text, with all numbers to copy; the band reaches from 1 / 1.05 to 1.05."""
    (table,) = read_data(page)["tables"]
    assert tuple(table["columns"]) == COLUMNS
    found = [dict(zip(COLUMNS, row, strict=True)) for row in table["rows"]]
    assert [row["verdict"] for row in found] == ["slower", "faster", "faster", "cannot tell", "same"]
    known = comparison.cells.set_index("cell_id_a")["effect"]
    assert [float(row["effect"]) for row in found] == [known[row["cell_id_a"]] for row in found]
    rows = page.partition('id="pairs"')[2].partition("</section>")[0]
    for _, row in comparison.cells.iterrows():
        assert f"<span>{row['cell']}</span>" in rows
    assert (
        rows.count('<rect class="band"') == len(found) + 4 + 1
    )  # a line for each, an axis for each verdict, the legend
    assert "within 5 % nothing is said to differ" in rows


def test_what_could_not_be_compared_is_said_with_the_reason(page: str) -> None:
    """A cell that one side alone has, and what failed."""
    alone = page.partition('id="alone"')[2].partition("</section>")[0]
    assert "<strong>only in B: loky, 1 worker</strong>: no such cell in A; the nearest has model " in alone
    assert "left out of B: 1 run (1 timeout)" in alone


def test_two_machines_are_told_side_by_side(sample: Sample) -> None:
    """Each fact in which the sides differ for both, each command and its settings; what is allowed is said."""
    other = Sample(sample.path.with_name("b"))
    sample.common = {"config": "gc: default\nlimits: {time: 60s}"}
    _add(sample, "x", GAINS)
    other.common = {
        "hostname": "elsewhere",
        "kernel": "Linux 7",
        "config": "gc: default\nlimits: {time: 90s}",
    }
    _add(other, "x", GAINS)
    for made, typed in ((sample, "workers=1"), (other, "workers=2")):
        launch = {"overrides": [typed, "sweep=x"], "config": {}, "order": []}
        SweepPaths(made.path).description.write_text(yaml.safe_dump({"launches": [launch]}), encoding="utf-8")
    page = _page("outputs/a", "outputs/b", "--allow", "host")
    for said in (
        '<tr><th scope="row">host</th><td>bench</td><td>elsewhere</td></tr>',
        '<tr><th scope="row">CPUs used</th><td colspan="2">2</td></tr>',
        '<pre class="command">breakeven run workers=1 sweep=x</pre>',
        '<pre class="command">breakeven run workers=2 sweep=x</pre>',
        "The command of A<",
        "The settings that all runs of B share</summary><pre>gc: default\nlimits:\n  time: 90s\n</pre>",
        "allowed: hostname: bench in A, elsewhere in B",
        "breakeven compare outputs/a outputs/b --allow host --page page.html",
    ):
        assert said in page


def test_pairs_are_explored_by_what_differs_among_them(comparison: Comparison) -> None:
    """Not by what is compared; each has its sample, and the commands that measure both its cells again."""
    found = explore(comparison)
    assert [factor["name"] for factor in found["factors"]] == ["model", "workers", "verdict"]
    assert found["factors"][-1]["values"] == ["faster", "slower", "same", "cannot tell"]
    (measure,) = found["measures"]
    assert measure["band"] == pytest.approx((1 / 1.05, 1.05))
    cell = next(cell for cell in found["cells"] if cell["name"] == "thread, 2 workers: slower")
    assert cell["of"][0][3] == "0.70x [0.68, 0.72]"
    assert cell["n"] == "3 v 3 rounds, 2.00 k/s v 1.40 k/s"
    assert [line.partition("label=")[2][:1] for line in cell["command"].split("\n")] == ["a", "b"]


def test_one_pair_is_not_explored(sample: Sample) -> None:
    """Its page is small: no library is in it."""
    for label in "ab":
        _add(sample, label, {("thread", 1): 1.0})
    page = _page("label=a", "label=b", "--in", "outputs/a")
    assert 'id="explore"' not in page
    assert len(page) < 64 * KIB


def test_pairs_that_differ_in_what_is_sent(sample: Sample) -> None:
    """A channel that stands for none is none; values of numbers are in their order."""
    for model, (ipc, payload) in product(("thread", "thread_pool"), (("queue", 65536), ("pipe", 1024))):
        used = ipc if model == "thread" else "native"
        sample.add_rounds(STEADY, model=model, ipc=used, payload_bytes=payload)
    found = explore(_compare("model=thread", "model=thread_pool"))
    values = {factor["name"]: factor["values"] for factor in found["factors"]}
    assert values["payload"] == ["1 KiB", "64 KiB"]
    assert sorted(values["ipc"]) == ["pipe", "queue"]


def test_what_is_printed_stays_what_it_was(labels: Path, tmp_path: Path, capsys: Captured) -> None:
    """In any format; where the page is goes to the other stream, and the exit code is that of the verdicts."""
    arguments = ["compare", "label=a", "label=b", "--in", str(labels), "--fail-on", "slower"]
    target = str(tmp_path / "page.html")
    for form in ("text", "json"):
        assert main([*arguments, "--format", form]) == 1
        alone = capsys.readouterr()
        assert main([*arguments, "--format", form, "--page", target]) == 1
        beside = capsys.readouterr()
        assert (beside.out, alone.err) == (alone.out, "")
        assert beside.err.startswith(f"{target}: ")
        assert beside.err.endswith(" KiB, one file, to open in a browser or to send\n")


def test_a_page_that_cannot_be_written_is_one_line_before_anything(tmp_path: Path, capsys: Captured) -> None:
    """Exit code 2."""
    assert main(["compare", "label=none", "label=b", "--page", str(tmp_path)]) == 2
    said = f"cannot write the page to {tmp_path}: it is a folder; name a file in it with --page\n"
    assert capsys.readouterr() == ("", said)
