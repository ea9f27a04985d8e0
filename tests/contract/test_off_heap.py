"""What a run keeps for itself is not on the heap that it measures."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell.memory import page_fault_ns
from breakeven.runner.cell.off_heap import PIECE, copy_of, private_bytes, private_words
from breakeven.runner.cell.workloads._abc import Sizes
from breakeven.runner.cell.workloads.echo import Echo

_SIZES = st.one_of(st.integers(0, 600), st.integers(0, 3 * PIECE))


def test_private_memory_is_writable_and_zero() -> None:
    """Bytes and words of any number, none included, hold zeros until they are written."""
    assert bytes(private_bytes(5)) == bytes(5)
    assert len(private_bytes(0)) == len(private_words(0)) == 0
    words = private_words(3)
    words[2] = -(2**62)
    assert list(words) == [0, 0, -(2**62)]


def test_private_memory_is_not_allocated_from_the_heap() -> None:
    """The interpreter's allocators see no more than the views."""
    tracemalloc.start()
    try:
        kept = private_words(1 << 17)
        assert tracemalloc.get_traced_memory()[1] < 4096 < kept.nbytes
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_a_copy_is_what_is_there(held: bytes, expected: bytes) -> None:
    """Whatever was expected, what comes back equals the memory."""
    memory = private_bytes(len(held))
    memory[:] = held
    assert copy_of(memory, expected) == held


@pytest.mark.parametrize("place", [0, PIECE - 1, PIECE, 2 * PIECE])
def test_a_difference_of_one_byte_is_seen_anywhere(place: int) -> None:
    """The expected bytes themselves come back only if all are there, on either side of a seam."""
    expected = bytes(2 * PIECE + 1)
    memory = private_bytes(len(expected))
    assert copy_of(memory, expected) is expected
    memory[place] = 1
    assert copy_of(memory, expected) == bytes(memory) != expected


@given(_SIZES, st.integers(0, 2**32))
def test_inputs_have_their_size_and_differ(size: int, seed: int) -> None:
    """Inputs are of the size asked for, differ from each other where they can, and follow from the seed."""
    made, again = (Echo({}, Sizes(size, size), seed).inputs() for _ in range(2))
    assert {len(each) for each in made} == {size}
    assert len(set(made)) == len(made) == (8 if size >= 4 else 1)
    assert made == again


@pytest.mark.parametrize("size", [PIECE, 1 << 20])
def test_making_inputs_leaves_no_room_in_the_heap(size: int) -> None:
    """Beside the inputs themselves nothing is allocated that is as large as a part of one."""
    workload = Echo({}, Sizes(size, size), 1)
    workload.inputs()
    tracemalloc.start()
    try:
        made = workload.inputs()
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(map(len, made)) <= kept
    assert most - kept < PIECE // 8


def test_a_page_fault_takes_time() -> None:
    """The kernel needs more than a clock's step and less than a millisecond for a page."""
    assert 0 < page_fault_ns() < 1_000_000
