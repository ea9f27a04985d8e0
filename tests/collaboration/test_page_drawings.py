"""Figures within a page: as matplotlib draws them, but without what a policy refuses or two figures would share."""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree as ET

import numpy as np
from matplotlib.figure import Figure

from breakeven.analysis.pages.drawings import draw_inline

LABEL = "<script>alert(1)</script> --> </svg>"


def read(svg: str) -> ET.Element:
    """Return a drawing as a tree."""
    return ET.fromstring(svg)  # noqa: S314  # drawn here


def figure() -> Figure:
    """Return a figure with texts, lines, clip paths, hatches and a bitmap."""
    drawn = Figure(figsize=(4, 3))
    drawn.suptitle(f"Processes\n{LABEL}")
    left, right = drawn.subplots(1, 2)
    left.plot([1, 2, 3], [1.23456789, 2, 3], "o--", label=LABEL)
    left.bar([1], [2], hatch="//")
    left.legend()
    right.imshow(np.arange(4.0).reshape(2, 2))
    return drawn


def test_styles_are_attributes() -> None:
    """A policy without unsafe-inline refuses style elements and attributes."""
    svg = draw_inline(figure(), "one")
    root = read(svg)
    assert not [element for element in root.iter() if "style" in element.attrib or element.tag == "style"]
    assert root.findall(".//path[@stroke-dasharray]")
    assert root.findall(".//path[@fill='none']")
    assert "<!--" not in svg


def test_ids_are_of_the_figure() -> None:
    """Two figures on a page have none in common, each refers to its own, and what nothing refers to has none."""
    roots = [read(draw_inline(figure(), name)) for name in ("one", "two")]
    ids = Counter(element.attrib["id"] for root in roots for element in root.iter() if "id" in element.attrib)
    assert ids
    assert max(ids.values()) == 1
    for root, name in zip(roots, ("one", "two"), strict=True):
        text = ET.tostring(root, encoding="unicode")
        referred = {*re.findall(r"url\(#([^)]+)\)", text), *re.findall(r'href="#([^"]+)"', text)}
        assert referred == {element.attrib["id"] for element in root.iter() if "id" in element.attrib}
        assert all(one.startswith(f"{name}-") for one in referred)


def test_bitmaps_stay() -> None:
    """A dense figure has some, as data."""
    (image,) = read(draw_inline(figure(), "one")).findall(".//image")
    assert image.attrib["href"].startswith("data:image/png;base64,")


def test_texts_are_outlines_and_the_title_is_the_label() -> None:
    """No text of a figure becomes markup; who cannot see it hears its title."""
    root = read(draw_inline(figure(), "one"))
    assert not root.findall(".//text")
    assert root.attrib["aria-label"] == f"Processes {LABEL}"
    assert root.attrib["role"] == "img"


def test_the_same_figure_is_the_same_bytes_and_has_no_more_digits_than_are_seen() -> None:
    """So that a page can be compared with another one."""
    svg = draw_inline(figure(), "one")
    assert svg == draw_inline(figure(), "one")
    lines = re.findall(r' d="([^"]*)"', svg)
    assert lines
    assert not any(re.search(r"\.\d{3}", line) for line in lines)
