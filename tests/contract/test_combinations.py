"""The covering of all factors in pairs, and the page that lists what can be combined."""

from __future__ import annotations

import pytest

from benchmarks import combinations, matrix
from breakeven.runner.cell import channels, models


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
