"""The page of a sweep in a real browser: it asks for nothing, says nothing on the console, and does what its controls say."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from breakeven.command import main
from tests.analysis_samples import Sample
from tests.browser import PHONE, PHONE_WIDTH, Visit, start_browser, visit
from tests.collaboration.report_samples import ATTACK, add_attacks, add_grid

POINTS = "#chart .hit_marks path"
"""What the pointer finds of each cell."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser, the same for all tests of this file."""
    with start_browser() as started:
        yield started


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a sweep with ten cells."""
    folder = tmp_path_factory.mktemp("report")
    add_grid(Sample(folder / "grid"))
    assert main(["report", str(folder / "grid"), "-o", str(folder / "page.html")]) == 0
    return folder / "page.html"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a sweep in which every text tries to be a script."""
    folder = tmp_path_factory.mktemp("attacked")
    add_attacks(Sample(folder / "a"))
    assert main(["report", str(folder / "a"), "-o", str(folder / "page.html")]) == 0
    return folder / "page.html"


@pytest.fixture
def opened(browser: Browser, page: Path) -> Iterator[Visit]:
    """Return the page of the ten cells, drawn; whatever a test does there, it asks for nothing and complains of nothing."""
    found = visit(browser, page, viewport={"width": 1200, "height": 900})
    found.wait_drawn()
    yield found
    assert found.deeds == []
    found.page.context.close()


def _rows(page: Page, sheet: int = 0) -> Locator:
    return page.locator(f'table[data-sheet="{sheet}"] tbody tr:visible')


def _column(page: Page, number: int) -> list[str]:
    return _rows(page).locator(f"td:nth-child({number})").all_inner_texts()


def test_what_follows_stands_first(opened: Visit) -> None:
    """The verdict in words is the heading; the sections come in the order in which they are read."""
    assert opened.page.inner_text("h1").startswith("Parallel work pays in 2 of 3 settings")
    assert opened.page.locator("main h2").all_inner_texts() == [
        "What follows",
        "Figures",
        "Explore the cells",
        "All cells",
        "Before you believe it",
        "Where it comes from",
    ]
    assert opened.page.locator("figure svg[role=img]").count() >= 3


def test_what_is_chosen_is_drawn(opened: Visit) -> None:
    """The measure, what is along x, the colours and the panels."""
    select = opened.page.select_option
    assert opened.drawn() == 8
    for name, label in (("x", "payload"), ("colour", "workers"), ("facet", "model")):
        select(f"select[name={name}]", label=label)
    for said in ("payload", "workers", "model", "process", "thread", "64 KiB"):
        opened.page.locator("#chart text").get_by_text(said, exact=True).first.wait_for()
    select("select[name=measure]", label="round trip")
    opened.page.wait_for_selector("#chart[data-drawn='2']")
    assert "8 of 10 cells have no round trip." in opened.page.inner_text("#hint")


def test_a_filter_is_for_the_picture_and_the_table(opened: Visit) -> None:
    """Both show the same cells, and say how many; one button shows all again."""
    opened.page.click("#filter summary")
    opened.page.locator("#filters fieldset", has_text="workers").get_by_text("2", exact=True).click()
    opened.page.wait_for_selector("#chart[data-drawn='4']")
    assert _rows(opened.page).count() == 4
    assert opened.page.inner_text("#count") == "6 of 10 cells, also in the table"
    opened.page.click("text=Show all")
    opened.page.wait_for_selector("#chart[data-drawn='8']")
    assert _rows(opened.page).count() == 8


def test_no_cell_left_is_said(opened: Visit) -> None:
    """A filter may leave none."""
    opened.page.click("#filter summary")
    for value in ("process", "thread"):
        opened.page.locator("#filters fieldset", has_text="model").get_by_text(value, exact=True).click()
    opened.page.wait_for_selector("#chart[data-drawn='0']")
    assert opened.page.inner_text("#chart") == "No cell is left: choose more of the filter."


def test_a_point_tells_where_it_comes_from(opened: Visit) -> None:
    """Under the pointer and when it is chosen: sample, interval, machine, and the command that measures it again."""
    point = opened.page.locator(POINTS).last
    point.hover(force=True)
    tip = opened.page.inner_text("#tip")
    for said in ("3 runs, 36 trials", "bench · Intel Xeon Platinum 8481C · 2 CPUs", "breakeven run ", "["):
        assert said in tip
    point.click(force=True)
    assert opened.page.inner_text("#detail pre").startswith("breakeven run ")
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.page.click("#detail button")
    assert opened.page.evaluate("navigator.clipboard.readText()") == opened.page.inner_text("#detail pre")


def test_a_heading_sorts_by_value(opened: Visit) -> None:
    """Not by what is written: 64 KiB is more than 1 KiB; the other way at the second click."""
    headings = [text.strip() for text in opened.page.locator('table[data-sheet="0"] th').all_inner_texts()]
    payload = headings.index("payload") + 1
    opened.page.click(f'table[data-sheet="0"] th:nth-child({payload}) button')
    assert _column(opened.page, payload) == ["64 KiB"] * 4 + ["1 KiB"] * 4
    opened.page.click(f'table[data-sheet="0"] th:nth-child({payload}) button')
    assert _column(opened.page, payload) == ["1 KiB"] * 4 + ["64 KiB"] * 4
    assert (
        opened.page.get_attribute(f'table[data-sheet="0"] th:nth-child({payload})', "aria-sort")
        == "ascending"
    )
    model = headings.index("model") + 1
    opened.page.click(f'table[data-sheet="0"] th:nth-child({model}) button')
    assert _column(opened.page, model) == ["process"] * 4 + ["thread"] * 4


def test_a_table_is_copied_as_it_is_seen(opened: Visit) -> None:
    """As CSV with numbers as numbers, in the order of the rows, without those that a filter hides."""
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.page.click("#filter summary")
    opened.page.locator("#filters fieldset", has_text="workers").get_by_text("1", exact=True).click()
    opened.page.wait_for_selector("#chart[data-drawn='4']")
    opened.page.click('table[data-sheet="0"] th:has-text("speedup") button')
    opened.page.click('button[data-copy="0"]')
    opened.page.wait_for_selector('button[data-copy="0"]:has-text("Copied")')
    rows = list(csv.DictReader(io.StringIO(opened.page.evaluate("navigator.clipboard.readText()"))))
    assert [row["workers"] for row in rows] == ["2"] * 4
    speedups = [float(row["speedup"]) for row in rows]
    assert speedups == sorted(speedups)
    assert all(float(row["speedup_low"]) < float(row["speedup"]) < float(row["speedup_high"]) for row in rows)


def test_no_text_is_run(browser: Browser, attacked: Path) -> None:
    """Markup in a label, a host, a function, an override, an error or a configuration stays a text, whatever is chosen."""
    found = visit(browser, attacked, viewport={"width": 1200, "height": 900})
    found.wait_drawn()
    said = found.page.inner_text("body")
    assert said.count(ATTACK) > 5
    assert f"ValueError: {ATTACK}" in said
    for name in ("x", "colour", "facet"):
        found.page.select_option(f"select[name={name}]", label="label")
        found.page.locator("#chart text").get_by_text("label", exact=True).first.wait_for()
    found.page.locator(POINTS).last.hover(force=True)
    assert ATTACK in found.page.inner_text("#tip")
    scripts = found.page.locator("script").count()
    assert scripts == 4
    assert found.deeds == []
    found.page.context.close()


def test_without_scripts_it_is_whole_but_for_the_explorer(browser: Browser, page: Path) -> None:
    """Verdicts, figures and tables are there, what needs scripts is not, and no control does nothing."""
    found = visit(browser, page, java_script_enabled=False)
    assert found.page.locator("figure svg").first.is_visible()
    assert found.page.locator("table.sheet tbody tr").first.is_visible()
    assert found.page.get_by_text("Scripts are off").is_visible()
    assert not found.page.locator("#explore").is_visible()
    assert not found.page.locator("button:visible").count()
    assert found.deeds == []
    found.page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_as_light_or_dark_as_the_reader_likes(browser: Browser, page: Path, scheme: str) -> None:
    """Paper, ink and picture; a picture changes with them."""
    found = visit(browser, page, color_scheme=scheme)
    found.wait_drawn()
    paper, ink = (
        found.page.evaluate(f"getComputedStyle(document.body).{name}")
        for name in ("backgroundColor", "color")
    )
    brightness = [
        sum(map(int, text.removeprefix("rgb(").removesuffix(")").split(","))) for text in (paper, ink)
    ]
    assert (brightness[0] > brightness[1]) == (scheme == "light")
    before = found.page.inner_html("#chart")
    found.page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
    found.page.wait_for_function(
        "before => document.querySelector('#chart').innerHTML.length && document.querySelector('#chart').innerHTML !== before",
        arg=before,
    )
    assert found.deeds == []
    found.page.context.close()


@pytest.mark.parametrize("which", ["page", "attacked"])
def test_a_phone_needs_no_sideways_scroll(
    browser: Browser, request: pytest.FixtureRequest, which: str
) -> None:
    """Nothing is wider than the screen but what scrolls on its own."""
    found = visit(browser, request.getfixturevalue(which), **PHONE)
    found.wait_drawn()
    assert found.page.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH
    assert found.deeds == []
    found.page.context.close()


def test_it_prints_without_its_controls(browser: Browser, page: Path) -> None:
    """What is folded is unfolded on paper, and dark is light."""
    found = visit(browser, page, color_scheme="dark")
    found.wait_drawn()
    found.page.emulate_media(media="print")
    assert set(found.page.locator("button:visible").all_inner_texts()) == set(
        found.page.locator("th:visible").all_inner_texts()
    )
    assert not found.page.locator("#explore").is_visible()
    assert found.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert found.page.pdf().startswith(b"%PDF")
    found.page.context.close()
