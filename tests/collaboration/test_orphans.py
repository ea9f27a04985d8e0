"""A worker ends with the process that created it, whenever that ends."""

from __future__ import annotations

import sys

import pytest

from tests import commands
from tests.patience import PATIENCE_S

PROGRAM = """
import multiprocessing, os, signal, sys, time
from breakeven.runner.cell import parent_death

def end_creator():
    creator = os.getppid()
    os.kill(creator, signal.SIGKILL)
    while os.getppid() == creator:
        time.sleep(0.01)

def look_up():
    end_creator()
    return found()

def work():
    parent_death.die_with_creator()
    end_creator()
    time.sleep(1000)

found = parent_death._prctl
if sys.argv[1] == "before the kernel is asked":
    parent_death._prctl = look_up
multiprocessing.get_context("fork").Process(target=work).start()
time.sleep(1000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers are found by their process group")
@pytest.mark.parametrize("when", ["before the kernel is asked", "later"])
def test_a_worker_whose_creator_ends_is_not_left(when: str) -> None:
    """To find the system call takes longer than anything else at the start of a worker, and the creator may end meanwhile."""
    with commands.start(commands.script(PROGRAM, when)) as creator:
        said, _ = creator.communicate(timeout=PATIENCE_S)  # until the worker, too, has closed its output
    assert (said, creator.returncode) == ("", -9)
