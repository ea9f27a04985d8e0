"""The frame of pages: whatever a text holds, it is a text; the policy allows what is there, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from breakeven.analysis.errors import ReportUnwritable
from breakeven.analysis.pages.embedded import to_json, to_script
from breakeven.analysis.pages.files import refuse_early, save
from breakeven.analysis.pages.page import Page, Section, fill, render
from breakeven.analysis.pages.provenance import Provenance, describe_origin
from breakeven.analysis.pages.settings import Measured
from breakeven.base.text import printable

NASTY = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt;",
    "a\u202eb",
    "a\u2028b",
    "a\0b\ud800c",
]
TEXTS = st.one_of(
    st.sampled_from(NASTY),
    st.text(),
    st.lists(st.sampled_from(["<", ">", "&", '"', "'", "/", "!", "--", "script", "style", "{{", "}}"])).map(
        "".join
    ),
)


class Elements(HTMLParser):
    """Collects the elements of a page as a parser finds them, and the texts in each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.found.append((tag, dict(attrs)))
        self._open.append(tag)
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        """Leave it."""
        while tag in self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Add a text to the innermost element."""
        if self._open:
            self.texts[self._open[-1]][-1] += data


def read(html: str) -> Elements:
    """Return the elements of a page."""
    elements = Elements()
    elements.feed(html)
    elements.close()
    return elements


def page(text: str, **data: Any) -> Page:
    """Return a page that has a text wherever one can stand."""
    section = Section("one", text, fill("figures", figures=[{"name": text, "svg": Markup("")}]))
    return Page(text, text, [text], [section], data, ["window.ran = 1;"], ["/* a library */"])


@given(TEXTS)
def test_a_text_never_becomes_an_element(text: str) -> None:
    """A page with any text has the elements of a page with a plain one, and says the text."""
    elements = read(render(page(text, label=text)))
    plain = read(render(page("plain", label="plain")))
    assert [tag for tag, _ in elements.found] == [tag for tag, _ in plain.found]
    attributes = [set(found) for _, found in elements.found]
    assert attributes == [set(found) for _, found in plain.found]
    assert elements.texts["h1"] == [printable(text, lines=True)]


@given(st.recursive(TEXTS | st.floats(allow_nan=False, allow_infinity=False) | st.none(), st.lists))
def test_what_scripts_read_is_what_was_said(value: Any) -> None:
    """JSON comes back as it was, and no part of it ends a script or begins a comment."""
    written = to_json(value)
    assert not re.search(r"[<>&\u2028\u2029]", written)
    assert written.isascii()
    assert json.loads(written) == value


@given(TEXTS)
def test_no_code_ends_its_own_element(text: str) -> None:
    """A string in a library's code may hold what looks like the end of a script."""
    code = json.dumps(text.replace("\0", ""))
    (script,) = read(f"<script>{to_script(code)}</script>").texts["script"]
    assert script == to_script(code)
    assert json.loads(script.replace("\\x3c", "<")) == text.replace("\0", "")


def test_a_script_with_a_nul_is_refused() -> None:
    """A browser would hash something else."""
    with pytest.raises(ValueError, match="a script with a NUL cannot stand in a page"):
        to_script("a\0b")


def test_the_policy_allows_just_what_is_there() -> None:
    """Each script and the style by its hash; nothing is loaded, and there is no word that would allow more."""
    elements = read(render(page("a page")))
    (policy,) = [found["content"] for tag, found in elements.found if "http-equiv" in found]
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    run = [
        text
        for text, (_, found) in zip(
            elements.texts["script"], [one for one in elements.found if one[0] == "script"], strict=True
        )
        if "type" not in found
    ]
    assert rules == {
        "default-src": "'none'",
        "script-src": " ".join(map(_hash, run)),
        "style-src": _hash(elements.texts["style"][0]),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert len(run) == 2
    assert not any(
        "style" in found or any(name.startswith("on") for name in found) for _, found in elements.found
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_stands_before_what_it_is_for() -> None:
    """It holds for what follows it."""
    html = render(page("a page"))
    assert html.index("Content-Security-Policy") < html.index("<style>") < html.index("<script>")


def test_a_page_without_scripts_allows_none() -> None:
    """Not even by mistake."""
    assert "script-src &#39;none&#39;;" in render(Page("a", "b", [], []))


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    """Whole or not at all, and no part beside it."""
    target = tmp_path / "page.html"
    target.mkdir()
    with pytest.raises(
        ReportUnwritable,
        match=rf"^cannot write the page to {target}: Is a directory; free or unlock its folder, or name another file with --page$",
    ):
        save(page("a page"), target, "--page")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (".", "it is a folder; name a file in it with --page"),
        ("none/page.html", "there is no folder {folder}/none; make it, or name another file with --page"),
    ],
)
def test_a_page_that_surely_cannot_be_written_is_refused(tmp_path: Path, name: str, said: str) -> None:
    """Before it is made."""
    with pytest.raises(ReportUnwritable) as caught:
        refuse_early(tmp_path / name, "--page")
    assert str(caught.value).endswith(f": {said.format(folder=tmp_path)}")


def _traced(host: str, packages: str) -> Provenance:
    facts = {"host": host, "kernel": "Linux 6.1", "results": f"outputs/{host}"}
    settings = Measured(2, (("model", "process, thread"),), (), (("budget", "1min, 2min"),), "workers: 2")
    return Provenance(facts, (), "", "breakeven run sweep=a", settings, packages)


def test_what_two_sides_share_is_said_once() -> None:
    """The command and the settings of both, and each fact in which they differ for each."""
    html = describe_origin({"A": _traced("one", "numpy 1"), "B": _traced("two", "numpy 1\npandas 2")})
    elements = read(html)
    assert elements.texts["h3"] == [
        "The command of A and B",
        "What varies among the cells of A and B",
        "What differs between launches of A and B",
    ]
    assert elements.texts["summary"] == [
        "The settings that all runs of A and B share",
        "Packages that the runs of A imported (1)",
        "Packages that the runs of B imported (2)",
    ]
    assert elements.texts["td"] == ["one", "two", "Linux 6.1", "outputs/one", "outputs/two"]
    spans = [found.get("colspan") for tag, found in elements.found if tag == "td"]
    assert spans == [None, None, "2", None, None]


def test_one_side_has_no_name() -> None:
    """Its facts are a list of terms."""
    elements = read(describe_origin({"": _traced("one", "")}))
    assert elements.texts["dt"] == ["host", "kernel", "results", "model", "budget"]
    assert elements.texts["h3"] == [
        "The command",
        "What varies among the cells",
        "What differs between launches",
    ]
    assert elements.texts["summary"] == ["The settings that all runs share"]
