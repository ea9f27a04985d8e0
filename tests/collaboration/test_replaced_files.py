"""Files that a sweep replaces while somebody reads them: they are what they are now, and not damaged."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread

import pytest

from breakeven.runner.compact.command import main as compact
from breakeven.runner.store import Sweep, integrity
from tests.stored import KEY, ROW, commit, measured, unsynced

OTHER = ("b2", 0)


def _replace(sweep: Sweep, seed: int = 1) -> None:
    """Measure the run again, as ``on_change=rerun`` does, with another number of trials."""
    sweep.set_aside([KEY], "rerun")
    commit(sweep, ROW | {"seed": seed}, trials={"trial": list(range(seed))}, spans={"trial": [0] * seed})


def _between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let ``act`` happen once, after the first row was read and before the other files of any run are.

    Rows are read by several threads: those of the others wait until it has happened.
    """
    read, left, happening = integrity._read, [act], Lock()

    def overtaken(*arguments: object) -> object:
        row = read(*arguments)  # type: ignore[arg-type]
        with happening:
            while left:
                left.pop()()
        return row

    monkeypatch.setattr(integrity, "_read", overtaken)


@pytest.mark.parametrize("check", [True, False], ids=["checksums", "sizes"])
def test_a_run_that_was_measured_again_is_read_anew(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch, check: bool
) -> None:
    """Its row is the new one; the runs beside it stay."""
    measured(sweep, seed=0)
    measured(sweep, *OTHER)
    _between(monkeypatch, lambda: _replace(sweep))
    found = sweep.stored(check_parts=check)
    assert not found.damaged
    assert found.rows.keys() == found.parts.keys() == {KEY, OTHER}
    assert found.rows[KEY]["seed"] == 1


def test_a_run_that_was_moved_is_not_there(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor are its files missing: it is being measured again."""
    measured(sweep)
    measured(sweep, *OTHER)
    _between(monkeypatch, lambda: sweep.set_aside([KEY], "rerun"))
    found = sweep.stored()
    assert (set(found.rows), found.damaged) == ({OTHER}, {})


def test_what_is_damaged_stays_so(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though another run was replaced meanwhile."""
    measured(sweep)
    measured(sweep, *OTHER)
    broken = sweep.file("spans", *OTHER)
    broken.write_bytes(broken.read_bytes()[:-1] + b"x")
    _between(monkeypatch, lambda: _replace(sweep))
    found = sweep.stored()
    assert (set(found.rows), set(found.damaged)) == ({KEY}, {broken})


def test_a_sweep_that_replaces_all_the_time_has_no_damage(
    sweep: Sweep, capsys: pytest.CaptureFixture[str]
) -> None:
    """However the moments fall, for those who read and for those who merge."""
    measured(sweep)
    over = Event()

    def replace_all_the_time() -> None:
        seed = 0
        while not over.is_set():
            seed += 1
            _replace(sweep, seed % 50 + 1)

    with unsynced():
        writer = Thread(target=replace_all_the_time)
        writer.start()
        try:
            damaged = [sweep.stored().damaged for _ in range(60)]
            codes = [compact([str(sweep.path)]) for _ in range(20)]
        finally:
            over.set()
            writer.join()
    assert not any(damaged)
    assert not any(codes)
    assert "damaged" not in capsys.readouterr().out
    assert set(sweep.stored().rows) == {KEY}
