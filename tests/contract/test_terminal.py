"""How wide and high a terminal is, whatever it calls itself; and what is none."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import sys
import termios
from pathlib import Path

import pytest

from breakeven.analysis.summary.screen import open_console
from breakeven.base.output import write
from breakeven.base.terminal import DEFAULT, HEIGHT, columns, height


@pytest.mark.parametrize("name", ["xterm", "dumb"])
@pytest.mark.parametrize("width", [40, 80, 160])
def test_a_terminal_says_how_large_it_is(monkeypatch: pytest.MonkeyPatch, name: str, width: int) -> None:
    """Also a dumb one; a console for it is as large."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("TERM", name)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, width, 0, 0))
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        assert (columns(stream), height(stream)) == (width, 30)
        monkeypatch.setattr(sys, "stdout", stream)
        console = open_console()
        assert (console.width, console.height) == (width, 30)
        monkeypatch.undo()
    os.close(ours)


def test_what_is_no_terminal_has_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever terminal the command was typed at; COLUMNS asks for others."""
    monkeypatch.delenv("COLUMNS", raising=False)
    with Path(os.devnull).open("w", encoding="utf-8") as stream:
        assert (columns(stream), height(stream)) == (DEFAULT, HEIGHT) == (80, 24)
    assert columns(io.StringIO()) == DEFAULT
    monkeypatch.setenv("COLUMNS", "132")
    assert columns(io.StringIO()) == 132
    monkeypatch.setenv("COLUMNS", "wide")
    assert columns(io.StringIO()) == DEFAULT


def test_what_a_terminal_would_obey_is_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines and tabs stay: what commands print is text of theirs around names of others."""
    write("left out\tthread, a\u202eb\x1b[31m\n")
    assert capsys.readouterr().out == "left out\tthread, a\\u202eb\\x1b[31m\n"
