"""One file of events, several processes that write it."""

from __future__ import annotations

from breakeven.base.events import read_events
from breakeven.runner.store import Sweep
from tests import commands
from tests.patience import PATIENCE_S

WRITER = """
import sys
from pathlib import Path
from breakeven.runner.store import AppendedFile, Sweep
from breakeven.runner.sweep.observer import Noted
from breakeven.runner.sweep.sinks import JsonLines
events = JsonLines(AppendedFile(Sweep(Path(sys.argv[1])).events))
for number in range(200):
    events.notify(Noted(text=sys.argv[2] * 300))
"""


def test_lines_of_several_writers_are_never_mixed(sweep: Sweep) -> None:
    """Each line goes to the end of the file in one piece."""
    writers = [commands.start(commands.script(WRITER, str(sweep.path), name)) for name in "abc"]
    assert [writer.communicate(timeout=PATIENCE_S)[1] for writer in writers] == [""] * 3
    texts = [event["text"] for event in read_events(sweep.events)]
    assert len(texts) == len(sweep.events.read_text().splitlines()) == 600
    assert {text: texts.count(text) for text in texts} == {name * 300: 200 for name in "abc"}
