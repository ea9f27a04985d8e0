"""A measured trace in Perfetto's own interface: it opens without an error, and its processor finds what was recorded."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import breakeven
from breakeven.analysis.lab import Lab
from tests import commands
from tests.traces import FEW, READERS, lasting
from tests.viewer import opened


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Return a sweep of threads, and of processes over a queue."""
    folder = tmp_path_factory.mktemp("viewed")
    typed = ("-m", "model=thread,process", "workers=2", "measure.traced=1", "sweep=viewed", *FEW)
    ended = commands.run(commands.module("breakeven", "run", *typed), folder)
    assert ended.returncode == 0, ended.stderr
    return breakeven.load(folder / "outputs" / "viewed")


@pytest.mark.parametrize("name", ["perfetto", "chrome"])
def test_perfetto_opens_it(name: str, lab: Lab, tmp_path: Path) -> None:
    """To the ns, with all arrows and values, and with no complaint of its importer."""
    path = tmp_path / "trace"
    ended = commands.run(
        commands.module("breakeven", "export", str(lab.path), "--format", name, "-o", str(path))
    )
    assert ended.returncode == 0, ended.stderr
    found = READERS[name](path.read_bytes())
    with opened(path) as viewer:
        assert viewer.rows("select name from stats where severity = 'error' and value > 0", "name") == []
        slices = viewer.rows(
            "select name, ts, dur, depth from slice where category != 'disturbance'",
            "name",
            "ts",
            "dur",
            "depth",
        )
        flows = viewer.rows("select count(*) as n from flow", "n")
        values = viewer.rows("select count(*) as n from counter", "n")
        names = viewer.rows(
            "select name from thread where name is not null union select name from track", "name"
        )
    wanted = Counter((one.name, one.start_ns, one.end_ns - one.start_ns, one.depth) for one in lasting(found))
    assert Counter((what, *map(int, numbers)) for what, *numbers in slices) == wanted
    assert flows == [[str(len(found.departures))]]
    assert values == [[str(sum(each.total() for each in found.samples.values()))]]
    assert {"parent", "worker 0", "worker 1", "trials"} <= {text for (text,) in names}
