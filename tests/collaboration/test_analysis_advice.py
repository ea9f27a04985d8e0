"""Advice from a stored race: what it says, and that it follows from the files alone."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

import breakeven
from breakeven.analysis.advice import Advice, advice_lines, advise, write_advice
from breakeven.analysis.errors import ResultsDamaged
from breakeven.analysis.figures import NothingToDraw, draw
from breakeven.analysis.frames.load import load
from tests.analysis_samples import Sample

FAR = "cell-never-measured"


def stored(
    path: Path,
    speedups: dict[tuple[str, int], tuple[float, int]],
    facts: dict[str, Any] | None = None,
    **rule: Any,
) -> Path:
    """Store a race among mechanisms with these speedups and numbers of runs, and one that was not measured."""
    sample = Sample(path, facts={"cpus_alone": 1.0} | (facts or {}))
    written = [_written(None, "serial", 1, serial=True)]
    for (model, workers), (speedup, rounds) in speedups.items():
        sample.rounds = rounds
        cell = sample.add_map(
            speedup=speedup, model=model, workers=workers, workload="function", function="mine:work"
        )
        written.append(_written(cell, model, workers))
    written.append(_written(FAR, "process_pool", 16) | {"most": 1.0})  # it has one chunk
    text = {
        "search": "race",
        "regret": 0.1,
        "structure": True,
        "cpus": 2,
        "seed": 1,
        "candidates": written,
    } | rule
    (path / "search.json").write_text(json.dumps(text))
    return path


def _written(cell: str | None, model: str, workers: int, *, serial: bool = False) -> dict[str, Any]:
    return {
        "cell_id": cell,
        "name": f"work {model} x{workers}",
        "kind": model,
        "workers": workers,
        "chunk": None,
        "most": None if serial else float(workers),
        "serial": serial,
    }


def advice_of(path: Path) -> Advice:
    """Return the advice of a stored race."""
    found = advise(load(path))
    assert found is not None
    return found


@pytest.fixture
def race(tmp_path: Path) -> Path:
    """Return a decided race: two processes win, threads gain nothing."""
    speedups = {("process_pool", 2): (1.8, 4), ("thread_pool", 2): (0.9, 2), ("process_pool", 4): (1.5, 2)}
    return stored(tmp_path / "race", speedups)


def test_it_says_what_to_write(race: Path) -> None:
    """What to use and how sure that is, the code, what is slower, what it costs; a candidate that was skipped is owned up to."""
    advice = advice_of(race)
    text = " ".join("\n".join(advice_lines(advice)).split())
    assert "3 of 4 candidates measured in 8 runs" in text
    assert (
        "1 not: surely slower, if speedup is smooth over workers and chunk size (--every measures all)"
        in text
    )
    assert "Use a ProcessPoolExecutor of two: 1.8" in text
    assert "at most 10% behind the best here (95 %)" in text
    assert (
        "from mine import work with ProcessPoolExecutor(2) as pool: results = list(pool.map(work, inputs))"
        in text
    )
    assert "slower a ThreadPoolExecutor of two 0.8" in text
    assert "costs 22.2 ms to start" in text
    assert "pays off for calls longer than about" in text


@pytest.mark.parametrize(
    ("backend", "line"),
    [
        ("threading", 'with Parallel(n_jobs=2, backend="threading") as parallel:'),
        ("loky", "with Parallel(n_jobs=2) as parallel:"),
        (None, "with Parallel(n_jobs=2) as parallel:"),
    ],
)
def test_the_code_has_the_backend_that_was_measured(tmp_path: Path, backend: str | None, line: str) -> None:
    """A race of an earlier version did not write it."""
    path = stored(tmp_path / "race", {("joblib", 2): (1.8, 4)})
    written = json.loads((path / "search.json").read_text())
    if backend is not None:
        written["candidates"][1]["backend"] = backend
    (path / "search.json").write_text(json.dumps(written))
    assert f"    {line}" in advice_lines(advice_of(path))


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (
            32,
            "each run took 32 of the 500 inputs, drawn anew for each round: all of them take about 500 ms one after the other",
        ),
        (500, ""),
        (None, ""),
    ],
)
def test_a_part_of_the_inputs_is_said(tmp_path: Path, taken: int | None, said: str) -> None:
    """How many, and why; nothing where each run took all of them."""
    facts = {"input_count": taken, "input_total": taken and 500}
    path = stored(tmp_path / "race", {("process_pool", 2): (1.8, 4), ("thread_pool", 2): (0.9, 2)}, facts)
    text = " ".join("\n".join(advice_lines(advice_of(path))).split())
    assert said in text
    assert ("each run took" in text) == bool(said)
    lines = advice_lines(advice_of(path))
    assert not any(one == other == "" for one, other in pairwise(lines))
    written = json.loads(write_advice(advice_of(path), path)[0].read_text())
    assert written["inputs_taken"] == (taken if said else None)


def test_parts_that_are_unlike_are_said(tmp_path: Path) -> None:
    """A few inputs that take most of the time are in one part and not in another."""
    path = stored(tmp_path / "race", {("process_pool", 2): (1.8, 1)}, {"input_count": 32, "input_total": 500})
    Sample(path, rounds=3, runs=9, facts={"input_count": 32, "input_total": 500}).add_rounds(
        [1_000_000, 1_100_000, 4_000_000],
        column="task_measured_ns",
        facts={"input_count": 32, "input_total": 500},
    )
    text = " ".join("\n".join(advice_lines(advice_of(path))).split())
    assert "they are so uneven (1.00 ms to 4.00 ms a call, by round) that all may gain otherwise" in text


def test_no_line_is_wider_than_the_screen(race: Path) -> None:
    """But for code, which is copied."""
    for width in (40, 80):
        lines = advice_lines(advice_of(race), width)
        assert all(len(line) <= width for line in lines if not line.startswith("    "))


def test_serial_is_an_answer(tmp_path: Path) -> None:
    """With the best that there was."""
    speedups = {("process_pool", 2): (0.5, 3), ("thread_pool", 2): (0.9, 3)}
    path = stored(tmp_path / "race", speedups)
    text = " ".join("\n".join(advice_lines(advice_of(path))).split())
    assert "Stay serial; at best a ThreadPoolExecutor of two 0.9" in text
    assert "results = [work(one) for one in inputs]" in text


def test_what_is_open_is_said(tmp_path: Path) -> None:
    """One run of each decides nothing."""
    speedups = {("process_pool", 2): (1.8, 1), ("thread_pool", 2): (1.75, 1)}
    advice = advice_of(stored(tmp_path / "race", speedups, structure=False))
    text = " ".join("\n".join(advice_lines(advice)).split())
    assert not advice.decided
    assert "Not decided. So far: use a " in text
    assert "; it may be more than 10% behind 1 other" in text
    assert "maybe" in text
    assert "1 not measured yet" in text
    alone = " ".join("\n".join(advice_lines(replace(advice, ahead=0))).split())
    assert "; that is not sure after 2 runs" in alone


def test_where_the_leader_has_no_code_the_best_that_has_some_is_written(tmp_path: Path) -> None:
    """With its own speedup, so that nobody takes it for the leader's."""
    path = stored(
        tmp_path / "race",
        {("process", 2): (1.9, 4), ("process_pool", 2): (1.5, 3)},
        facts={"ipc": "shared_memory"},
    )
    advice = advice_of(path)
    text = " ".join("\n".join(advice_lines(advice)).split())
    assert "Use two processes over shared memory: 1." in text
    assert (
        "These workers cannot be written as a short program. The best candidate that can is a ProcessPoolExecutor"
        in text
    )
    assert "with ProcessPoolExecutor(2) as pool:" in text
    assert json.loads(write_advice(advice, path)[0].read_text())["code_of"].startswith(
        "a ProcessPoolExecutor"
    )


def test_nothing_measured_is_no_advice(tmp_path: Path) -> None:
    """Neither that the time was over nor that all failed means that serial is best: no code, no table."""
    path = tmp_path / "race"
    sample = Sample(path)
    cell = sample.add_bad(
        "failed", "no such luck", model="mp_pool", workers=2, workload="function", function="mine:work"
    )
    text = {"search": "race", "regret": 0.1, "structure": True, "cpus": 2, "seed": 1}
    written = [_written(None, "serial", 1, serial=True), _written(cell, "mp_pool", 2)]
    (path / "search.json").write_text(json.dumps(text | {"candidates": written}))
    advice = advice_of(path)
    assert not advice.decided
    lines = advice_lines(advice, 200)
    assert "No advice: 1 candidate failed, and none was measured" in lines
    assert "1 run of 1 candidate failed" in lines[0]
    assert lines[-1].startswith("failed   work mp_pool x2, in every run: no such luck; retry_failed=true")
    found = json.loads(write_advice(advice, path)[0].read_text())
    assert (found["decided"], found["code"], found["code_of"]) == (False, "", None)
    written[1] = _written(FAR, "mp_pool", 2)
    (path / "search.json").write_text(json.dumps(text | {"candidates": written}))
    assert "No advice: the time was over before the first run" in advice_lines(advice_of(path), 200)[-1]


def test_it_is_left_for_programs(race: Path) -> None:
    """As JSON and as a table, the best first; a candidate without a run has no cell in the sweep, but a row."""
    advice = advice_of(race)
    paths = write_advice(advice, race)
    found = json.loads(paths[0].read_text())
    table = pd.read_parquet(paths[1])
    assert (found["schema"], found["decided"], found["measured"], found["runs"]) == (1, True, 3, 8)
    assert found["use"] == table["name"][0] == "a ProcessPoolExecutor of two"
    assert found["cell_id"] == table["cell_id"][0]
    assert 0 < found["breakeven_ns"] < 1e6
    assert len(table) == len(found["candidates"]) == 5
    assert list(table.loc[table["runs"].eq(0), "name"]) == ["work serial x1", "work process_pool x16"]
    assert set(table["stands"]) <= {"best", "as good", "slower", "maybe", "failed"}


def test_the_figure_shows_who_was_measured(race: Path, tmp_path: Path) -> None:
    """And its title says what to use; a sweep that was no race has no such figure."""
    figure = draw("advice", load(race))
    assert isinstance(figure, Figure)
    assert "For mine:work: a ProcessPoolExecutor of two, 1.8" in figure.get_suptitle()
    labels = [text.get_text() for axes in figure.axes for text in axes.get_yticklabels()]
    assert len(labels) == 3
    Sample(tmp_path / "grid").add_map(speedup=1.5, model="thread", workers=2)
    with pytest.raises(NothingToDraw, match="the sweep was no race"):
        draw("advice", load(tmp_path / "grid"))


def test_a_failed_candidate_is_out(tmp_path: Path) -> None:
    """It is neither chosen nor called slower."""
    path = tmp_path / "race"
    stored(path, {("process_pool", 2): (1.8, 4)})
    sample = Sample(path, runs=4)
    cell = sample.add_bad(
        "failed", "no such luck", model="mp_pool", workers=2, workload="function", function="mine:work"
    )
    written = json.loads((path / "search.json").read_text())
    written["candidates"].append(_written(cell, "mp_pool", 2))
    (path / "search.json").write_text(json.dumps(written))
    advice = advice_of(path)
    assert [choice.cell_id for choice in advice.of("failed")] == [cell]
    assert advice.leader.name == "a ProcessPoolExecutor of two"


def flaky(path: Path, *failing: str, good: dict[str, tuple[float, int]]) -> Path:
    """Store a race of pools of two, in which a run of those of ``failing`` fails after the good ones."""
    stored(path, {(model, 2): found for model, found in good.items()}, structure=False)
    text = json.loads((path / "search.json").read_text())
    del text["candidates"][-1]
    sample = Sample(path, runs=100)
    for model in failing:
        cell = sample.add_bad_run(
            9,
            "failed",
            f"ConnectionError: {model} lost it",
            model=model,
            workers=2,
            workload="function",
            function="mine:work",
        )
        if model not in good:
            text["candidates"].append(_written(cell, model, 2))
    (path / "search.json").write_text(json.dumps(text))
    return path


def table_of(lines: list[str]) -> list[tuple[float, str]]:
    """Return the rows of the table: speedup and the rest."""
    rows = [line.split("x", 1) for line in lines if re.match(r"[\d.]+x ", line)]
    return [(float(speedup), rest) for speedup, rest in rows]


@pytest.mark.parametrize("rival", [0.96, 1.5])
def test_whoever_failed_once_is_struck_out_by_name(tmp_path: Path, rival: float) -> None:
    """Whether the choice is serial or not: the claim says that it leaves it out, a line what it gained and why."""
    good = {"thread_pool": (1.92, 1), "process_pool": (rival, 4)}
    path = flaky(tmp_path / "race", "thread_pool", "mp_pool", good=good)
    advice = advice_of(path)
    lines = advice_lines(advice, 300)
    assert advice.decided
    said = next(line for line in lines if line.startswith(("Stay serial", "Use ")))
    assert said.endswith("at most 10% behind the best here (95 %), leaving out 2 candidates with failed runs")
    assert "a ProcessPoolExecutor of two" in said
    assert "2 of 3 candidates measured in 5 runs, " in lines[1]
    assert lines[1].endswith("; 2 runs of 2 candidates failed")
    out = next(line for line in lines if line.startswith("failed "))
    assert "a ThreadPoolExecutor of two 1." in out
    assert ", but 1 of its 2 runs failed: ConnectionError: thread_pool lost it; " in out
    assert "work mp_pool x2, in every run: ConnectionError: mp_pool lost it; " in out
    table = table_of(lines)
    assert table == sorted(table, reverse=True)
    assert "a ThreadPoolExecutor of two (struck out: 1 of 2 runs failed)" in table[0][1]
    found = json.loads(write_advice(advice, path)[0].read_text())
    assert found["struck_out"] == 2
    rows = {row["cell_id"]: row for row in found["candidates"]}
    never = next(row for row in rows.values() if not row["runs"] and row["cell_id"])
    assert [never[name] for name in ("speedup", "speedup_low", "speedup_high")] == [None, None, None]
    assert (never["failed_runs"], never["failure"]) == (1, "ConnectionError: mp_pool lost it")
    frame = pd.read_parquet(path / "advice.parquet").set_index("cell_id")
    assert frame["speedup"].isna().sum() == 1
    assert frame["failed_runs"].sum() == 2
    assert frame["stands"].eq("failed").sum() == 2
    figure = draw("advice", load(path))
    assert isinstance(figure, Figure)
    caption = " ".join(" ".join(text.get_text() for text in figure.texts).split())
    assert "the best leaves out 2 candidates with failed runs" in caption


def test_where_all_failed_once_there_is_no_advice(tmp_path: Path) -> None:
    """Nothing is left to compare serial with, so neither it nor anything else is recommended."""
    good = {"thread_pool": (1.92, 2), "process_pool": (1.5, 1)}
    path = flaky(tmp_path / "race", "thread_pool", "process_pool", good=good)
    advice = advice_of(path)
    lines = advice_lines(advice, 300)
    assert not advice.decided
    assert "No advice: 2 candidates failed, and no other was measured" in lines
    assert not any("import" in line for line in lines)
    assert "1 of its 3 runs failed" in "\n".join(lines)
    assert len(table_of(lines)) == 2


MODELS = (
    *("thread_pool", "process_pool", "mp_pool", "thread", "process", "loky"),
    *("joblib", "mpire", "asyncio_to_thread"),
)


def many(path: Path) -> Path:
    """Store a race of more candidates than the table has rows, some slower and some not decided."""
    speedups = {(model, 2): (1.9 - 0.03 * place, 1) for place, model in enumerate(MODELS)}
    speedups |= {(model, 4): (0.3, 3) for model in MODELS[:4]}
    return stored(path, {("process_pool", 8): (2.0, 4)} | speedups, structure=False)


def test_rows_that_are_left_out_are_said_to_be_what_they_are(tmp_path: Path) -> None:
    """Slower only those that are known to be; all of them are shown in full."""
    advice = advice_of(many(tmp_path / "race"))
    lines = advice_lines(advice, 300)
    words = [choice.standing.word for choice in advice.choices if choice.standing.runs]
    assert {"open", "worse"} <= set(words)
    slower, left = words.count("worse"), len(words) - 8
    assert 0 < slower < left
    assert lines[-1] in (
        f"{left - slower} more are not decided, {slower} are slower",
        f"{left - slower} more is not decided, {slower} are slower",
    )
    assert len(table_of(lines)) == 8
    full = advice_lines(advice, 300, in_full=True)
    assert len(table_of(full)) == advice.measured == len(words)
    assert not any(" more " in line for line in full[-2:])


@pytest.mark.parametrize("width", [24, 34, 50, 80])
def test_no_name_is_cut_on_a_narrow_screen(tmp_path: Path, width: int) -> None:
    """It goes on in the next line, so that no two rows look alike."""
    advice = advice_of(many(tmp_path / "race"))
    lines = advice_lines(advice, width, in_full=True)
    assert max(map(len, (line for line in lines if not line.startswith("    ")))) <= width
    start = next(place for place, line in enumerate(lines) if line.startswith("speedup [95 %]"))
    table = " ".join(" ".join(lines[start:]).split())
    for choice in advice.choices:
        if choice.standing.runs:
            assert f" {choice.standing.runs} {choice.name}" in table


def test_a_refused_candidate_is_named_with_the_reason(tmp_path: Path) -> None:
    """It was not measured, since it cannot be; whatever else was not measured is counted apart."""
    path = stored(tmp_path / "race", {("thread_pool", 2): (1.8, 4)})
    written = json.loads((path / "search.json").read_text())
    why = "result.lock (of type lock) cannot be pickled"
    for name, workers in (("mp_pool", 2), ("loky", 2)):
        written["candidates"].append(_written(f"{name}-{workers}", name, workers) | {"refused": why})
    (path / "search.json").write_text(json.dumps(written))
    advice = advice_of(path)
    text = " ".join("\n".join(advice_lines(advice)).split())
    assert "1 of 4 candidates measured in 4 runs" in text
    assert "; 2 refused; 1 not: surely slower" in text
    assert f"refused the 2 candidates whose workers send pickles: {why}" in text
    assert advice.decided
    written["candidates"] = [written["candidates"][0], *written["candidates"][3:]]
    (path / "search.json").write_text(json.dumps(written))
    assert advice_lines(advice_of(path), 200)[-1] == f"No advice: 2 candidates could not be measured: {why}"


def test_an_infinity_is_read_as_nothing_is(race: Path) -> None:
    """Earlier versions wrote one for the serial program, which is no JSON."""
    file = race / "search.json"
    now = advice_lines(advice_of(race))
    before = file.read_text().replace('"most": null', '"most": Infinity')
    assert "Infinity" in before
    file.write_text(before)
    assert advice_lines(advice_of(race)) == now


@pytest.mark.parametrize("damage", ["", "{}", '{"candidates": [{}]}', "[1, 2]"])
def test_a_damaged_rule_is_one_line(race: Path, damage: str) -> None:
    """With what to do about it."""
    (race / "search.json").write_text(damage)
    with pytest.raises(
        ResultsDamaged, match=r"search\.json cannot be read .*type the sweep's command again with sweep=race"
    ):
        advise(load(race))


def test_a_notebook_has_the_candidates_as_a_frame(race: Path, tmp_path: Path) -> None:
    """The same as the Parquet file; of a sweep that was no race there are the columns alone."""
    _, path = write_advice(advice_of(race), race)
    pd.testing.assert_frame_equal(breakeven.load(race).advice, pd.read_parquet(path), check_dtype=False)
    Sample(tmp_path / "grid").add_map(speedup=1.5, model="thread", workers=2)
    nothing = breakeven.load(tmp_path / "grid").advice
    assert nothing.empty
    assert list(nothing) == list(pd.read_parquet(path))
