"""The exit code of an interrupted command is 130, wherever the signal came."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import commands

INTERRUPTED = """
import os, signal, sys
from breakeven.runner.sweep.signals import ending_in_order, ignore_signals

def interrupt():
    os.kill(os.getpid(), signal.SIGTERM)
    [None for _ in range(100_000)]

try:
    with ending_in_order():
        {moment}
except KeyboardInterrupt:
    pass
ignore_signals()
sys.exit(130)
"""


@pytest.mark.parametrize("moment", ["interrupt()", "exec('interrupt()')", "eval('interrupt()')"])
def test_the_exit_code_is_ours(tmp_path: Path, moment: str) -> None:
    """Also if CPython would end by SIGINT, since an `exec` of a text was interrupted; it does so for ``python -m`` only."""
    (tmp_path / "interrupted.py").write_text(INTERRUPTED.format(moment=moment))
    assert commands.run(commands.module("interrupted"), tmp_path).returncode == 130
