"""The frame of every page: one document that opens from disk, asks for nothing, and runs no code but its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from breakeven.analysis.pages.embedded import source_of, to_json, to_script
from breakeven.base.text import printable
from breakeven.base.version import __version__

_HERE = Path(__file__).parent
_ASSETS = _HERE / "assets"


@dataclass(frozen=True)
class Section:
    """A part of a page, under a heading and reached by its ``name``; ``scripted``: it is of no use without scripts."""

    name: str
    title: str
    body: Markup
    scripted: bool = False


@dataclass(frozen=True)
class Page:
    """What a page says: the ``headline`` first, below it ``facts`` in a few words each, then its sections.

    ``notice`` is what to know before reading on; empty for nothing. ``source`` is what the page is about, such as a
    results folder. ``data`` is what the ``scripts`` read, ``libraries`` are the code that these need.
    """

    source: str
    headline: str
    facts: Sequence[str]
    sections: Sequence[Section]
    data: Mapping[str, Any] = field(default_factory=dict)
    scripts: Sequence[str] = ()
    libraries: Sequence[str] = ()
    notice: str = ""


def render(page: Page) -> str:
    """Return ``page`` as HTML. Its policy allows the scripts and the style in it by their hashes, and nothing else."""
    style = Markup(asset("page.css"))  # noqa: S704  # a file of this package
    scripts = [to_script(code) for code in (*page.libraries, *page.scripts)]
    return fill(
        "page.html",
        page=page,
        policy=_policy(style, scripts),
        style=style,
        scripts=scripts,
        data=to_json(page.data),
        version=__version__,
    )


def _policy(style: str, scripts: Sequence[str]) -> str:
    """Return the Content-Security-Policy: nothing is loaded, nothing is sent, no text becomes code."""
    allowed = {
        "default-src": ["'none'"],
        "script-src": [source_of(script) for script in scripts] or ["'none'"],
        "style-src": [source_of(style)],
        "img-src": ["data:"],  # the bitmaps of dense figures
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    return "; ".join(f"{directive} {' '.join(sources)}" for directive, sources in allowed.items())


def fill(template: str, **values: Any) -> Markup:
    """Return a template of this package filled with ``values``: every text among them is escaped, none is markup.

    Characters that are not printable are written as in Python: some turn the direction of a line round.
    """
    return Markup(_environment().get_template(f"{template}.jinja").render(values))  # noqa: S704  # what the template escaped


def asset(name: str) -> str:
    """Return a style sheet or a script of this package."""
    return (_ASSETS / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalize(value: Any) -> Any:
    return printable(value, lines=True) if type(value) is str else value
