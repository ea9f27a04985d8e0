"""Figures as SVG within HTML.

No style that a policy would refuse, no id that another figure has, no more digits than are seen.
"""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree as ET

from markupsafe import Markup
from matplotlib.figure import Figure

from breakeven.base.text import printable

_PIXELS = 96
"""Pixels of CSS in an inch."""

_DECIMALS = 2
_NUMBER = re.compile(r"-?\d+\.\d+")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_DROPPED = ("metadata", "style", "title")
_ROUNDED = ("d", "x", "y", "width", "height")


def draw_inline(figure: Figure, name: str) -> Markup:
    """Return ``figure`` as an svg element for a page in which ``name`` is no other figure's.

    Texts are outlines, so that they look the same everywhere; the title is the element's label.
    """
    written = io.BytesIO()
    figure.savefig(written, format="svg", facecolor="none", metadata={"Date": None})
    root = ET.fromstring(written.getvalue())  # noqa: S314  # matplotlib wrote it; comments, which hold labels, are dropped
    _clean(root)
    _rename(root, name)
    width, height = figure.get_size_inches() * _PIXELS
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "width": f"{width:.0f}",
        "height": f"{height:.0f}",
        "role": "img",
        "aria-label": printable(" ".join(figure.get_suptitle().split())),
        "stroke-linejoin": "round",  # what matplotlib's own style sheet says of all elements
        "stroke-linecap": "butt",
    }
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704  # a tree, and so escaped


def _clean(root: ET.Element) -> None:
    """Remove what a page does not need, and write styles as attributes."""
    for element in list(root.iter()):
        element.tag = _local(element.tag)
        element.text = element.tail = None
        for child in [child for child in element if _local(child.tag) in _DROPPED]:
            element.remove(child)
        attributes = {_local(key): value for key, value in element.attrib.items()}
        for declaration in filter(None, attributes.pop("style", "").split(";")):
            key, _, value = declaration.partition(":")
            attributes[key.strip()] = value.strip()
        element.attrib = {key: _shorten(key, value) for key, value in attributes.items()}


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _shorten(key: str, value: str) -> str:
    if key not in _ROUNDED:
        return value
    return _NUMBER.sub(lambda found: f"{round(float(found[0]), _DECIMALS):g}", " ".join(value.split()))


def _rename(root: ET.Element, name: str) -> None:
    """Replace the ids that something refers to by numbers with ``name`` in front, and remove all others."""
    numbers: dict[str, str] = {}

    def new(old: str) -> str:
        return numbers.setdefault(old, f"{name}-{len(numbers)}")

    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "href" and value.startswith("#"):
                element.attrib[key] = f"#{new(value[1:])}"
            elif "url(#" in value:
                element.attrib[key] = _REFERENCE.sub(lambda found: f"url(#{new(found[1])})", value)
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in numbers:
            element.attrib["id"] = numbers[own]
