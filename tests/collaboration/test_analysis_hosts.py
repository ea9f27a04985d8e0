"""Sweeps over several hosts, stored by hand: what is shown, what is refused, and what is said of runs beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from breakeven.analysis.comparing import compare
from breakeven.analysis.errors import SidesDiffer
from breakeven.analysis.figures import NothingToDraw, draw
from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.lab import load as load_with_verdicts
from breakeven.analysis.summary.screen import lines, summarise
from tests.analysis_samples import Sample
from tests.stored import commit

X, Y = {"hostname": "a", "cpu_model": "X"}, {"hostname": "b", "cpu_model": "Y"}
ALIKE = {"hostname": "b", "cpu_model": "X"}


def _sweep(path: Path, other: dict[str, Any], times: tuple[tuple[int, int], ...] = ()) -> Lab:
    """Store a sweep of two cells of tasks and one of messages with five rounds each on host a and on the ``other``."""
    sample = Sample(path / "outputs" / "mine", rounds=5)
    for host in (X, other):
        sample.common = {"node": f"tcp://{host['hostname']}"}
        sample.add_map(speedup=1.9, model="thread")
        sample.add_map(speedup=1.5, model="process")
        sample.add_pingpong(latency_ns=50_000, model="process")
    _spread(sample, (X, other), times)
    return load(sample.path)


def _spread(sample: Sample, hosts: tuple[dict[str, Any], ...], times: tuple[tuple[int, int], ...]) -> None:
    """Move the second five rounds of each cell to the second host; set when the first runs began and ended."""
    rows = sorted(load(sample.path).table("runs").to_pylist(), key=lambda row: int(row["order"]))
    ids: dict[tuple[Any, ...], str] = {}
    for number, row in enumerate(rows):
        host = hosts[row["node"] != "tcp://a"]
        cell = ids.setdefault((row["pattern"], row["model"]), row["cell_id"])
        began, ended = times[number] if number < len(times) else (None, None)
        moved = {"cell_id": cell, "round": row["round"] + 5 * (host is hosts[1]), "machine": host["hostname"]}
        sample.sweep.set_aside([(row["cell_id"], row["round"])], "moved")
        commit(sample.sweep, row | host | moved | {"began_ns": began, "ended_ns": ended, "parts": None})


def _said(lab: Lab) -> str:
    return " ".join(" ".join(lines(summarise(lab), 500, 30)).split())


def test_like_hosts_are_shown_with_how_much_they_differ(tmp_path: Path) -> None:
    """Both components of variance, what the intervals stand for, and the hosts in the caption; nothing is refused."""
    lab = _sweep(tmp_path, ALIKE)
    said = _said(lab)
    assert "in 3 of 3 cells rounds are of 2 hosts" in said
    assert "between hosts" in said
    assert "several conditions" not in said
    assert lab.estimates["hosts"].tolist() == [2, 2, 2]
    figure = draw("latency", load_with_verdicts(lab.path))
    assert " on a and b " in str(figure.get_supxlabel())


def test_a_verdict_stands_for_hosts_and_not_for_their_rounds(tmp_path: Path) -> None:
    """Ten rounds on one host decide what ten on two do not, of which one gains and the other loses."""
    decided = []
    for number, other in enumerate((X, ALIKE)):
        path = tmp_path / str(number)
        sample = Sample(path / "outputs" / "mine", rounds=5)
        for host, speedup in ((X, 1.9), (other, 1.3)):
            sample.common = {"node": f"tcp://{host['hostname']}"}
            sample.add_map(speedup=speedup, model="thread")
        _spread(sample, (X, other), ())
        decided += load_with_verdicts(sample.path).verdicts["decision"].tolist()
    assert decided == ["parallel", "undecided"]


def test_times_of_unlike_hosts_are_refused_unless_asked_for(tmp_path: Path) -> None:
    """In figures, in the table and in verdicts; speedups are shown."""
    lab = _sweep(tmp_path, Y)
    said = _said(lab)
    assert "measured on hosts with unlike CPUs (X; Y; a and b)" in said
    assert ("speedup [95 %]" in said, "round trip [95 %]" in said) == (True, False)
    with pytest.raises(NothingToDraw, match=r"^figure latency compares times, .* unlike CPUs \(X; Y\)"):
        draw("latency", lab)
    draw("scaling", lab)
    assert load_with_verdicts(lab.path).verdicts["pattern"].tolist() == ["map"]
    mixed = load_with_verdicts(lab.path, mix_hosts=True)
    draw("latency", mixed)
    assert ("unlike CPUs" in _said(mixed), "round trip [95 %]" in _said(mixed)) == (False, True)
    assert sorted(mixed.verdicts["pattern"]) == ["map", "pingpong"]


def test_sides_on_nodes_compare_by_what_unlike_hosts_share(tmp_path: Path) -> None:
    """Speedups on any nodes, times only on alike ones; the host is no condition."""
    unlike, alike = _sweep(tmp_path / "one", Y).path, _sweep(tmp_path / "two", ALIKE).path
    sides = "model=thread", "model=process,pattern=map"
    assert compare(*sides, within=unlike, by="speedup")["verdict"].notna().all()
    assert compare(*sides, within=alike, by="throughput")["verdict"].notna().all()
    with pytest.raises(SidesDiffer, match="cpu_model: X and Y in A, X and Y in B"):
        compare(*sides, within=unlike, by="throughput")


def test_runs_beside_each_other_are_said(tmp_path: Path) -> None:
    """By machine, whatever the nodes are called; their cells are marked, and they count."""
    lab = _sweep(tmp_path, ALIKE, ((0, 10), (5, 12), (12, 20)))
    said = _said(lab)
    assert "2 of 30 runs had another run of this sweep beside them on the same machine (a)" in said
    assert lab.estimates["rounds"].eq(10).all()
