"""Switch interval and garbage collector: knobs of a cell, kept in the parent and in every worker, read there."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from breakeven.base.errors import BadInput
from breakeven.runner.config.cell import parse
from breakeven.runner.planning.cells import fingerprint
from tests.collaboration.host_runs import execute, function, write_module
from tests.crews import EVERY_MODEL, Mechanism
from tests.fakes import plain


@pytest.mark.parametrize("mechanism", EVERY_MODEL, ids=str)
def test_every_worker_keeps_what_is_asked(tmp_path: Path, mechanism: Mechanism) -> None:
    """Whatever kind of worker it is, and the parent: what was read there is what was asked for."""
    outcome = execute(
        tmp_path, **mechanism._asdict(), workers=mechanism.workers, switch_interval_ns=1_000_000, gc="off"
    )
    assert outcome.row["reason"] is None
    workers = outcome.tables["workers"].to_pandas()
    assert len(workers) == mechanism.workers + 1
    assert set(workers["switch_interval_ns"]) == {1_000_000}
    assert not workers["gc_enabled"].any()


def test_by_default_they_are_the_interpreters_own(tmp_path: Path) -> None:
    """Nothing is set; a frozen heap is still collected."""
    for policy in ("default", "freeze"):
        workers = execute(tmp_path, model="thread", gc=policy).tables["workers"].to_pandas()
        assert (set(workers["switch_interval_ns"]), bool(workers["gc_enabled"].all())) == ({5_000_000}, True)


def test_what_was_made_before_is_collected_before_workers_start(tmp_path: Path) -> None:
    """Else it is while they start, and each page that a collection writes to is copied for a forked worker."""
    source = """
        import threading, weakref

        COLLECTED = []

        class Cycle:
            def __init__(self):
                self.own = self
                weakref.finalize(self, COLLECTED.append, True)

        def work():
            if threading.current_thread() is threading.main_thread():
                Cycle()
            else:
                assert COLLECTED
    """
    user = write_module(tmp_path / "user", dedent(source))
    row = execute(user, **function("work"), model="thread", start_method=None, workers=1, gc="off").row
    assert row["status"] == "ok", row["reason"]  # nothing else collects


def test_they_are_knobs() -> None:
    """Part of what a cell is, left out of its identity as long as nothing is asked; a wrong one is refused."""
    usual = parse(plain())
    assert (usual.switch_interval_ns, usual.gc) == (0, "default")
    older = {key: value for key, value in plain().items() if key not in ("switch_interval", "gc")}
    assert fingerprint(parse(older), "local") == fingerprint(usual, "local")
    changed = parse(plain(switch_interval="1ms", gc="off"))
    assert (changed.switch_interval_ns, changed.gc) == (1_000_000, "off")
    assert fingerprint(changed, "local") != fingerprint(usual, "local")
    for wrong in ({"gc": "on"}, {"switch_interval": "0ms"}, {"switch_interval": "soon"}):
        with pytest.raises(BadInput):
            parse(plain(**wrong))
