"""Write a page to its file, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from breakeven.analysis.errors import ReportUnwritable
from breakeven.analysis.pages.page import Page, render
from breakeven.analysis.units import format_size
from breakeven.base.aside import written_aside
from breakeven.base.text import shown


def refuse_early(target: Path, option: str) -> None:
    """Raise ReportUnwritable if a page surely cannot be written to ``target``, before it is made.

    ``option`` names the target.
    """
    if target.is_dir():
        raise ReportUnwritable(
            f"cannot write the page to {target}: it is a folder; name a file in it with {option}"
        )
    if not target.parent.is_dir():
        raise ReportUnwritable(
            f"cannot write the page to {target}: there is no folder {target.parent}; make it, or name another file with {option}"
        )


def save(page: Page, target: Path, option: str) -> str:
    """Write ``page`` to ``target`` and return the line that says where it is.

    Raise ReportUnwritable, which names ``option``.
    """
    content = render(page).encode("utf-8", "backslashreplace")
    try:
        with written_aside(target) as aside:
            aside.write_bytes(content)
    except OSError as error:
        raise ReportUnwritable(
            f"cannot write the page to {target}: {error.strerror}; free or unlock its folder, or name another file with {option}"
        ) from error
    return f"{shown(target)}: {format_size(len(content))}, one file, to open in a browser or to send\n"
