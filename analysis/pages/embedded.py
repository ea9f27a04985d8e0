"""What stands within script and style elements, and the hashes that allow it.

Nothing in it ends the element.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from markupsafe import Markup

from breakeven.base.json_text import json_text

_ENDS = re.compile(r"<(?=/|!--|script)", re.IGNORECASE)


def to_json(value: Any) -> Markup:
    """Return ``value`` as JSON for a script element.

    It holds ASCII, and none of the characters that mean something in HTML.
    """
    text = json_text(value, compact=True)
    escaped = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(escaped)  # noqa: S704  # nothing that HTML knows is left in it


def to_script(code: str) -> Markup:
    """Return JavaScript for a script element, in which no string or regular expression of the code can end the element.

    Line ends are those that a browser hashes; NUL, which it would replace, must not be in the code.
    """
    if "\0" in code:
        raise ValueError("a script with a NUL cannot stand in a page")
    unix = code.replace("\r\n", "\n").replace("\r", "\n")
    return Markup(_ENDS.sub(r"\\x3c", unix))  # noqa: S704  # code of this package and of its libraries, not of data


def source_of(text: str) -> str:
    """Return the source expression of a policy that allows an element with just this ``text``."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
