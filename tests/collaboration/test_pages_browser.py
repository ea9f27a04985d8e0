"""Pages in a real browser: each asks for nothing, says nothing on the console, fits a phone and prints; that of a sweep does what its controls say."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from breakeven.analysis.figures.style import PALETTE
from tests.browser import PHONE, PHONE_WIDTH, Visit, start_browser, visit
from tests.page_samples import ATTACK, KINDS, Add, add_attacks, add_grid, write_page

MIB = 2**20
POINTS = "#chart .hit_marks path"
"""What the pointer finds of each cell."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser, the same for all tests of this file."""
    with start_browser() as started:
        yield started


class _Pages:
    """Pages of each kind about plain sweeps, or about ones in which every text tries to be a script; each is made once."""

    def __init__(self, make_folder: Callable[[str], Path]) -> None:
        self._make_folder = make_folder
        self._made: dict[tuple[str, str], Path] = {}

    def __call__(self, kind: str, how: str) -> Path:
        """Return the page of ``kind``."""
        if (kind, how) not in self._made:
            self._made[kind, how] = write_page(kind, self._make_folder(f"{kind}-{how}"), _SWEEPS[how])
        return self._made[kind, how]


_SWEEPS: dict[str, Add] = {"plain": add_grid, "attacked": add_attacks}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> _Pages:
    """Return what makes pages."""
    return _Pages(tmp_path_factory.mktemp)


@pytest.fixture(scope="module")
def page(pages: _Pages) -> Path:
    """Return the page of a sweep with ten cells."""
    return pages("report", "plain")


@pytest.fixture(params=list(product(KINDS, _SWEEPS)), ids="-".join)
def any_page(request: pytest.FixtureRequest, pages: _Pages) -> Path:
    """Return a page of any kind, about sweeps of any kind."""
    return pages(*request.param)


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
        "Conclusions",
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


def test_a_value_keeps_its_colour(opened: Visit) -> None:
    """The second of two models has the second colour of the figures, also if the first is not shown."""
    colors = "els => [...new Set(els.map(el => el.getAttribute('fill')))].sort()"
    opened.page.select_option("select[name=colour]", label="model")
    points = opened.page.locator("#chart .mark-symbol.role-mark:not(.hit_marks) path")
    assert points.evaluate_all(colors) == sorted(PALETTE[:2])
    opened.page.click("#filter summary")
    opened.page.locator("#filters fieldset", has_text="model").get_by_text("process", exact=True).click()
    opened.page.wait_for_selector("#chart[data-drawn='4']")
    assert points.evaluate_all(colors) == [PALETTE[1]]


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


def test_no_text_is_run(browser: Browser, pages: _Pages) -> None:
    """Markup in a label, a host, a function, an override, an error or a configuration stays a text, whatever is chosen."""
    found = visit(browser, pages("report", "attacked"), viewport={"width": 1200, "height": 900})
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


def test_a_page_is_complete_and_quiet(browser: Browser, any_page: Path) -> None:
    """It asks for nothing, complains of nothing, refers to nothing outside, runs no text, and is not too large to send."""
    html = any_page.read_text(encoding="utf-8")
    assert len(html) < 3 * MIB
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", html.partition("<script>")[0])
    found = visit(browser, any_page, viewport={"width": 1200, "height": 900})
    if found.page.locator("#chart").count():
        found.wait_drawn()
    said = found.page.inner_text("body")
    assert (ATTACK in said) == ("attacked" in str(any_page))
    policy = found.page.get_attribute("meta[http-equiv=Content-Security-Policy]", "content")
    assert str(policy).startswith("default-src 'none'; script-src 'sha256-")
    assert found.page.locator("main h2").first.inner_text().startswith(("Conclusions", "What holds"))
    assert found.deeds == []
    found.page.context.close()


def test_a_phone_needs_no_sideways_scroll(browser: Browser, any_page: Path) -> None:
    """Nothing is wider than the screen but what scrolls on its own."""
    found = visit(browser, any_page, **PHONE)
    for details in found.page.locator("details").all():
        details.evaluate("one => { one.open = true; }")
    assert found.page.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH
    assert found.deeds == []
    found.page.context.close()


def test_every_anchor_leads_somewhere(browser: Browser, any_page: Path) -> None:
    """No link within a page is to what it lacks, and no two parts of it have one name."""
    found = visit(browser, any_page)
    lost = "[...document.querySelectorAll('a[href]')].filter(a => !document.querySelector(a.getAttribute('href')))"
    assert found.page.evaluate(f"{lost}.map(a => a.href)") == []
    names = found.page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(names) == len(set(names))
    found.page.context.close()


@pytest.mark.parametrize(("kind", "heading"), [("compare", "effect [95 %]"), ("claims", "measured [95 %]")])
def test_tables_of_other_pages_sort_and_are_copied(
    browser: Browser, pages: _Pages, kind: str, heading: str
) -> None:
    """As those of a sweep."""
    found = visit(browser, pages(kind, "plain"))
    found.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    headings = [text.strip() for text in found.page.locator('table[data-sheet="0"] th').all_inner_texts()]
    column = headings.index(heading) + 1
    cells = found.page.locator(f'table[data-sheet="0"] tbody td:nth-child({column})')
    for sign in (-1, 1):
        found.page.click(f'table[data-sheet="0"] th:nth-child({column}) button')
        texts = cells.evaluate_all("all => all.map(one => one.dataset.key ?? one.textContent)")
        keys = [float(text) for text in texts if text]
        assert not any(texts[len(keys) :])  # what is missing is last, whichever way
        assert len(keys) > 3
        assert keys == sorted(keys, key=lambda key: sign * key)
    found.page.click('button[data-copy="0"]')
    found.page.wait_for_selector('button[data-copy="0"]:has-text("Copied")')
    rows = list(csv.DictReader(io.StringIO(found.page.evaluate("navigator.clipboard.readText()"))))
    number = {"compare": "effect", "claims": "value"}[kind]
    assert [row[number] for row in rows if row[number]] == [str(key) for key in keys]
    assert found.deeds == []
    found.page.context.close()


def test_pairs_are_filtered_in_picture_and_table(browser: Browser, pages: _Pages) -> None:
    """The explorer is that of a sweep."""
    found = visit(browser, pages("compare", "plain"), viewport={"width": 1200, "height": 900})
    found.wait_drawn()
    whole = found.drawn()
    found.page.click("#filter summary")
    found.page.locator("#filters fieldset", has_text="model").get_by_text("thread", exact=True).click()
    found.page.wait_for_selector(f"#chart[data-drawn='{whole - 4}']")
    assert _rows(found.page).count() == whole - 4
    found.page.locator(POINTS).last.hover(force=True)
    assert "3 v 3 rounds" in found.page.inner_text("#tip")
    assert found.deeds == []
    found.page.context.close()


@pytest.mark.parametrize("kind", KINDS)
def test_it_prints_without_its_controls(browser: Browser, pages: _Pages, kind: str) -> None:
    """What is folded is unfolded on paper, and dark is light."""
    found = visit(browser, pages(kind, "plain"), color_scheme="dark")
    found.page.emulate_media(media="print")
    assert set(found.page.locator("button:visible").all_inner_texts()) == set(
        found.page.locator("table.sheet th:visible").all_inner_texts()
    )
    assert not found.page.locator("#explore").is_visible()
    assert not found.page.locator("summary:visible").count()
    assert found.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert found.page.pdf().startswith(b"%PDF")
    found.page.context.close()
