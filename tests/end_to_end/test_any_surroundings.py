"""A sweep and all of its figures, whatever surrounds the command: settings of matplotlib, terminals, encodings, names."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import commands
from tests.end_to_end.test_output_that_fails import SWEEP

HOSTILE = {"MPLBACKEND": "module://nobody_has_this"}
RC = "text.usetex: True\nfont.family: nobody_has_this\nfont.size: 40\nsavefig.dpi: 10\nfigure.dpi: 10\nsavefig.bbox: tight\n"

SCREENS = (
    ("show", "outputs/mine", "--no-figures"),
    ("status", "outputs/mine"),
    ("compare", "workers=1", "workers=2", "--in", "outputs/mine"),
)

AROUND: dict[str, Mapping[str, str]] = {
    "no columns, ascii": {
        "COLUMNS": "0",
        "LINES": "0",
        "LC_ALL": "C",
        "PYTHONIOENCODING": "ascii",
        "PYTHONUTF8": "0",
    },
    "one column, latin-1, dumb": {
        "COLUMNS": "1",
        "PYTHONIOENCODING": "latin-1:strict",
        "TERM": "dumb",
        "NO_COLOR": "1",
    },
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which a sweep was measured; its name is not UTF-8, and neither is a label."""
    folder = tmp_path_factory.mktemp("surroundings") / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    words = commands.module(
        "breakeven", "run", *commands.changed(SWEEP, 'label="\N{GREEK SMALL LETTER ALPHA}$x^$"', "rounds=2")
    )
    done = commands.run(words, folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_figures_look_alike_whatever_matplotlib_is_told(measured: Path) -> None:
    """By a notebook's variable and a matplotlibrc beside it: pictures are the same bytes."""
    show = commands.module("breakeven", "show", "outputs/mine", "--figure", "scaling,overhead")
    plain = commands.run(show, measured)
    assert (plain.returncode, plain.stderr) == (0, "")
    figures = measured / "outputs" / "mine" / "figures"
    before = {path.name: path.read_bytes() for path in figures.iterdir()}
    assert set(before) == {f"{name}.{kind}" for name in ("scaling", "overhead") for kind in ("png", "svg")}
    (measured / "matplotlibrc").write_text(RC)
    told = commands.run(show, measured, HOSTILE)
    (measured / "matplotlibrc").unlink()
    assert (told.returncode, told.stderr) == (0, "")
    assert {path.name: path.read_bytes() for path in figures.iterdir()} == before


@pytest.mark.parametrize("around", AROUND)
def test_the_screen_is_never_empty(measured: Path, around: str) -> None:
    """Whatever shows a sweep; and nothing is a traceback."""
    for words in SCREENS:
        done = commands.run(commands.module("breakeven", *words), measured, AROUND[around])
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert len(done.stdout) > 100


@pytest.mark.parametrize("width", [0, 7])
def test_progress_fits_any_terminal(measured: Path, width: int) -> None:
    """A terminal may say that it has no columns at all, and COLUMNS too."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", width, width, 0, 0))
    words = commands.module("breakeven", "run", *SWEEP[:-1], f"sweep=w{width}")
    added = {"COLUMNS": str(width)} if width % 2 == 0 else {}
    environment = {
        name: value for name, value in commands.environment(added).items() if added or name != "COLUMNS"
    }
    process = subprocess.Popen(
        words, cwd=measured, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            said += os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
    os.close(ours)
    assert process.wait() == 0, said
    assert b"Traceback" not in said
    assert len(said) > 20
