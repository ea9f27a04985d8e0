"""The covering of all factors in pairs, and the page that lists what can be combined."""

from __future__ import annotations

import pytest

from benchmarks import combinations, covering, matrix
from breakeven.runner.cell import channels, models, patterns


def test_any_two_values_that_can_exist_together_are_in_a_cell() -> None:
    """The covering is whole, and every cell of it can exist."""
    rows = covering.covering()
    for row in rows:
        how, ipc, variant, pattern, workers, *_ = row
        found = combinations.reason(how, ipc, variant=variant, pattern=pattern, workers=workers)
        assert found is None, (row, found)
    assert set(covering.possible_pairs()) == {pair for row in rows for pair in row.pairs()}


def test_members_meet_everything_in_the_covering() -> None:
    """A model meets every channel that it can be combined with, and all values of its knobs, sizes and workloads."""
    rows = covering.covering()
    assert {(row.how, row.ipc) for row in rows} == set(combinations.pairs())
    for how in combinations.started():
        cells = [row.cell() for row in rows if row.how == how]
        assert len(cells) >= len(covering.PAYLOADS)
        assert {cell["payload"] for cell in cells} == set(covering.PAYLOADS)
        assert {cell["affinity"] for cell in cells} == set(covering.AFFINITIES)
        assert {cell["workload"] for cell in cells if "workload" in cell} == set(covering.WORKLOADS)
        for knob, values in combinations.choices("model", how.model).items():
            assert {cell[f"model.{knob}"] for cell in cells} == set(values)


def test_slow_models_are_in_as_few_cells_as_they_have_values() -> None:
    """A run of a model that is a package starts a cluster."""
    rows = covering.covering()
    for name in models.REGISTRY:
        if models.load(name).REQUIRES:
            ways = [how for how in combinations.started() if how.model == name]
            knobs = [len(values) for values in combinations.choices("model", name).values()]
            most = max(len(covering.PAYLOADS), len(patterns.REGISTRY), *knobs)
            assert sum(row.how.model == name for row in rows) <= most * len(ways)


def test_every_member_is_in_a_pair() -> None:
    """No model and no channel is registered that nothing can be combined with."""
    pairs = combinations.pairs()
    assert {how.model for how, _ in pairs} == set(models.REGISTRY)
    assert {ipc for _, ipc in pairs} >= set(channels.REGISTRY)


@pytest.mark.parametrize(
    ("family", "name"), [(family, name) for family, name, _ in combinations.members()], ids=str
)
def test_every_member_has_a_row_in_the_documentation(family: str, name: str) -> None:
    """Each says what it is, when it serves, what it costs and where it ends."""
    page = matrix.PAGE.with_name("members.md").read_text(encoding="utf-8")
    section = page.partition("## Channels")[2 if family == "ipc" else 0]
    lines = section.partition("\n### ")[0].splitlines()  # a section of its own may have a table of values
    rows = [line for line in lines if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1
    assert all(rows[0].split("|")[3:6])


def test_the_page_says_what_the_registries_declare() -> None:
    """A new member, knob or rule is on the page once `python -m benchmarks.matrix` wrote it."""
    written = matrix.PAGE.read_text(encoding="utf-8").partition(matrix.MEASURED)[0]
    assert written.strip() == matrix.page().strip()
