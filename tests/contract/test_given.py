"""Contract of given inputs: what names them, how often a trial does them, and that windows do whole turns of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.errors import BadValue
from breakeven.runner.cell import given as given_inputs
from breakeven.runner.cell.errors import InputsUnusable, WrongResult
from breakeven.runner.cell.first_calls import observe
from breakeven.runner.cell.patterns._abc import Knobs
from breakeven.runner.cell.patterns.window import Window
from breakeven.runner.cell.reference import Reference
from breakeven.runner.cell.sizes import mean_size
from breakeven.runner.cell.workloads._abc import Sizes, Task, Workload
from breakeven.runner.config.parsing import read_inputs
from breakeven.runner.planning.tasks import turns
from tests.examples import at_most

TEXTS = st.text(alphabet="ab_.:/*?[]~1 ", max_size=8) | st.from_regex(given_inputs.TARGET, fullmatch=True)
INPUTS = st.lists(st.lists(st.integers(), max_size=3), min_size=2, max_size=7)


class Listed(Workload):
    """A user's function of inputs that are given: it notes which one it got, and may change it."""

    LENGTH = False
    FOREIGN = True
    lists = True

    def __init__(self, made: list[list[int]], *, changes: bool) -> None:
        super().__init__({}, Sizes(0, 0), 0)
        self.made, self.changes = made, changes
        self.seen: list[list[int]] = []

    def inputs(self) -> list[Any]:
        """Return the inputs."""
        return self.made

    def open(self) -> Task:
        """Return the task."""

        def call(values: list[int]) -> tuple[int, Any]:
            self.seen.append(list(values))
            if self.changes:
                values.append(0)
            return 0, len(values)

        return call


@given(TEXTS)
def test_a_text_is_a_name_or_a_pattern_or_refused(text: str) -> None:
    """Never two of them; what has neither a wildcard nor a slash, and is no module:name, is refused."""
    assert not (given_inputs.is_target(text) and given_inputs.is_pattern(text))
    if given_inputs.is_target(text) or re.search(r"[*?\[/]", text):
        assert read_inputs(text, "workload.inputs") == text
    else:
        with pytest.raises(BadValue, match="names no inputs"):
            read_inputs(text, "workload.inputs")


@given(st.integers(1, 10**10), st.integers(1, 10**10), st.integers(0, 10**6))
def test_a_list_is_repeated_until_the_trial_is_as_long_as_asked(
    trial_ns: int, list_ns: int, most: int
) -> None:
    """One turn fewer would be shorter, unless one is all there is or the memory holds no more."""
    found = turns(trial_ns, list_ns, most)
    assert found >= 1
    assert found <= max(most, 1)
    assert found == 1 or (found - 1) * list_ns < trial_ns
    assert found == max(most, 1) or found * list_ns >= trial_ns


@at_most(30)
@given(INPUTS, st.booleans())
def test_a_window_takes_whole_turns_in_order(made: list[list[int]], changes: bool) -> None:
    """Each input is called equally often, in the order of the list, as it was given, whether it is shared or fresh."""
    workload = Listed([list(one) for one in made], changes=changes)
    seen, inputs = observe(workload, apart=False)
    pattern = Window({"bin": 10_000}, Knobs(1, 0, 50_000))
    pattern.turns = inputs.count
    reference = Reference(workload, inputs, seen.task_ns)
    for _ in range(2):
        workload.seen.clear()
        outcome = pattern.serial(reference)
        assert outcome.tasks == len(workload.seen)
        assert workload.seen == made * (outcome.tasks // len(made))


def test_a_window_compares_results_of_the_same_input() -> None:
    """A result that is right for another input is wrong for its own."""
    workload = Listed([[1], [1, 2]], changes=False)
    results = iter([1, 2, 1, 2] + [2, 1] * 1_000_000)
    reference = Reference(workload)
    reference.task = lambda _: (0, next(results))
    pattern = Window({"bin": 10_000}, Knobs(1, 0, 1_000_000))
    pattern.turns = 2
    with pytest.raises(WrongResult, match=r"from its first call with the same input: .*2 instead of 1"):
        pattern.serial(reference)


def test_the_mean_is_known_only_if_all_sizes_are() -> None:
    """One input without a pickle leaves the mean unknown."""
    assert mean_size([1, 2, 6]) == 3
    assert mean_size([1, None]) is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with special characters in its name, and files below it."""
    place = tmp_path / "a[b]*"
    (place / "deep").mkdir(parents=True)
    for name in ("2.txt", "10.txt", "deep/1.txt", ".hidden.txt"):
        (place / name).write_text(name)
    return place


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.txt", ["10.txt", "2.txt"]),
        ("**/*.txt", ["10.txt", "2.txt", "deep/1.txt"]),
        ("./2.txt", ["2.txt"]),
        ("deep/../[12].txt", ["2.txt"]),
    ],
)
def test_patterns_match_files_below_the_folder(folder: Path, pattern: str, names: list[str]) -> None:
    """The folder's own name is no pattern; directories and hidden files do not match, and each file counts once."""
    assert given_inputs.files(pattern, str(folder)) == [str(folder / name) for name in names]
    with pytest.raises(InputsUnusable, match="no file in "):
        given_inputs.files(f"{pattern}x", str(folder))
