"""Contract of inputs: fresh ones are equal and nobody else's, what a call changes is seen, memory is bounded."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell import inputs
from breakeven.runner.cell.errors import FirstCallFailed, WrongResult
from breakeven.runner.cell.first_calls import ARGUMENTS, INPUT, UNKNOWN, Kept, observe
from breakeven.runner.cell.inputs import Inputs, Pickled, Uncopied, template_of
from breakeven.runner.cell.reference import Reference
from breakeven.runner.cell.workloads._abc import Sizes, Task, Workload

TREES = st.recursive(
    st.none() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part) | st.tuples(part, part),
    max_leaves=10,
)


class Mine(Workload):
    """A user's function, as far as inputs are concerned: ``act`` gets the input and the configured arguments."""

    LENGTH = False
    FOREIGN = True

    def __init__(self, act: Any, made: Any, **options: Any) -> None:
        super().__init__(options, Sizes(0, 0), 0)
        self.act, self.made, self.carries = act, made, False

    def inputs(self) -> list[Any]:
        """Return the one input."""
        return [self.made]

    def open(self) -> Task:
        """Return the task."""
        if self.carries:
            return lambda call: (0, self.act(*call))
        return lambda made: (0, self.act(made, self.options))

    def carry_arguments(self, inputs: list[Any]) -> list[Any]:
        """Return payloads with both."""
        self.carries = True
        return [(made, self.options) for made in inputs]


@given(TREES)
def test_a_template_makes_equal_objects_that_are_not_the_original(original: list[Any]) -> None:
    """Copies do not differ from the original, and changing one changes no other."""
    template = Pickled([original])
    first, second = template.make(), template.make()
    assert first is not second
    assert not template.differs(first)
    first.append(1)
    assert template.differs(first)
    assert not template.differs(second)


def test_what_cannot_be_pickled_is_copied_and_what_cannot_be_copied_is_known() -> None:
    """A class of a function's own is copied; a lock is neither pickled nor copied."""

    class Local:
        """Cannot be pickled by name."""

        def __init__(self) -> None:
            self.parts = [1]

    template = template_of([Local()])
    made = template.make()
    assert made[0].parts == [1]
    assert isinstance(template_of(threading.Lock()), Uncopied)


@pytest.mark.parametrize("least", [1, 3])
@given(tasks=st.integers(1, 40), most=st.integers(1, 10))
def test_batches_hold_every_task_once_and_no_more_than_memory_allows(
    least: int, tasks: int, most: int
) -> None:
    """Shared inputs come all at once; fresh ones in order, in batches as large as allowed but no smaller than asked."""
    originals = [[0], [1], [2]]
    assert list(Inputs(originals).batches(tasks, least)) == [[originals[n % 3] for n in range(tasks)]]
    templates = [Pickled(original) for original in originals]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(inputs, "_MOST_BYTES", most * max(template.size for template in templates))
        batches = list(Inputs(originals, templates).batches(tasks, least))
    assert [item for batch in batches for item in batch] == [[n % 3] for n in range(tasks)]
    assert {len(batch) for batch in batches[:-1]} <= {max(least, most)}
    objects = {id(item) for batch in batches for item in batch}
    assert len(objects) == tasks


def test_a_stock_is_filled_before_and_counts_the_time_of_what_was_missing() -> None:
    """As many inputs as wanted are ready; one more is made between calls, and that time is known."""
    stock = Inputs([[1]], [Pickled([1])]).stock(2)
    assert stock is not None
    stock.fill()
    taken = [stock.take(), stock.take()]
    assert stock.paused_ns == 0
    taken.append(stock.take())
    assert stock.paused_ns > 0
    assert taken == [[1], [1], [1]]
    assert len({id(item) for item in taken}) == 3
    assert Inputs([[1]]).stock(2) is None


CHANGES = [
    (lambda made, _: made[0], ""),
    (lambda made, _: made.sort(), INPUT),
    (lambda made, _: made.append(1), INPUT),
    (lambda made, _: made.append(threading.Lock()), INPUT),
    (lambda _, options: options["kwargs"].update(seen=True), ARGUMENTS),
    (lambda made, options: (made.sort(), options["args"].clear()), ARGUMENTS),
]


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(("act", "changes"), CHANGES)
def test_what_a_call_changes_is_seen_and_restored(act: Any, changes: str, *, apart: bool) -> None:
    """The trials get inputs and arguments as they were before the first call, wherever that was made."""
    workload = Mine(act, [3, 1, 2], args=[1], kwargs={})
    seen, found = observe(workload, apart=apart)
    assert seen.changes == changes
    assert workload.options == {"args": [1], "kwargs": {}}
    expected = [3, 1, 2] if changes != ARGUMENTS else ([3, 1, 2], {"args": [1], "kwargs": {}})
    assert found[0] == expected
    assert (found[0] is found[0]) == (changes == "")
    task = workload.open()
    task(found[0])
    assert found[0] == expected


def test_an_input_that_cannot_be_copied_is_shared_and_named() -> None:
    """Nothing is known about a change of it."""
    lock = threading.Lock()
    seen, found = observe(Mine(lambda made, _: made.locked(), lock), apart=False)
    assert (seen.changes, found[0]) == (UNKNOWN, lock)


def test_calls_apart_leave_this_process_as_it_was() -> None:
    """What the function keeps, such as a cache or threads, is in the other process alone, and lengths come back."""
    kept: list[int] = []
    seen, _ = observe(Mine(lambda made, _: kept.append(made), 1), apart=True)
    assert kept == []
    assert seen.first_ns > 0
    assert seen.task_ns > 0


def test_the_error_of_a_call_apart_is_that_of_the_call() -> None:
    """Type, message and place come back, and the whole traceback."""

    def fail(made: Any, _: Any) -> None:
        raise KeyError(made)

    with pytest.raises(FirstCallFailed, match=r"^KeyError: 5 \(test_inputs.py:[0-9]+ in fail\)$") as caught:
        observe(Mine(fail, 5), apart=True)
    assert "in fail" in caught.value.traceback_text


def test_a_large_pickle_is_compared_without_a_second_one() -> None:
    """An array of a megabyte is the same until one byte changes, the last included."""
    original = bytearray(1 << 20)
    kept = Kept(Mine(lambda *_: None, original, args=[]), [original])
    assert kept.changes() == ""
    original[-1] = 1
    assert kept.changes() == INPUT


def test_a_generator_is_made_anew_for_every_task() -> None:
    """It is used up by a call, and can be neither pickled nor copied."""

    class Counted(Mine):
        """Its input is a generator."""

        def inputs(self) -> list[Any]:
            """Return another generator of the same numbers."""
            return [(number for number in range(4))]

    seen, found = observe(Counted(lambda made, _: sum(made), None), apart=True)
    assert seen.changes == INPUT
    assert [sum(found[0]), sum(found[0])] == [6, 6]


def test_a_result_that_a_later_call_changes_is_not_taken_for_the_same() -> None:
    """A list that a function keeps, extends and returns is another result each time, even if it is the same object."""
    kept: list[int] = []

    def grow(*_: Any) -> list[int]:
        kept.append(1)
        return kept

    reference = Reference(Mine(grow, 1))
    with pytest.raises(WrongResult):
        reference.check([reference.task(1)], "a trial")
