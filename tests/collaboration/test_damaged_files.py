"""Files of a stored run that were damaged, in hundreds of places."""

from __future__ import annotations

import random

import pytest

from breakeven.runner.store import Sweep
from tests.stored import KEY, measured, why_damaged


def test_any_flipped_bit_is_found(sweep: Sweep) -> None:
    """Whichever bit of a run's row flips, pages, footer, checksum and all: the run is not believed."""
    measured(sweep)
    file = sweep.file("runs", "a1", 0)
    whole, chance = file.read_bytes(), random.Random(20)
    for place in chance.sample(range(8 * len(whole)), 600):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        file.write_bytes(flipped)
        found = sweep.stored()
        assert (set(found.damaged), found.rows) == ({file}, {}), place
    file.write_bytes(whole)
    assert set(sweep.stored().rows) == {KEY}


def test_any_truncation_is_found(sweep: Sweep) -> None:
    """However much of a run's row is there, none of it included: less than all of it is not believed."""
    measured(sweep)
    file = sweep.file("runs", "a1", 0)
    whole, chance = file.read_bytes(), random.Random(21)
    for length in [0, 1, 7, 11, 12, 40, len(whole) - 1, *chance.sample(range(len(whole)), 100)]:
        for tail in (
            b"",
            bytes(len(whole) - length),
        ):  # cut off, or never written by a file system that crashed
            file.write_bytes(whole[:length] + tail)
            found = sweep.stored()
            assert (set(found.damaged), found.rows) == ({file}, {}), length


@pytest.mark.parametrize("table", ["trials", "spans"])
def test_damage_of_any_table_is_found(sweep: Sweep, table: str) -> None:
    """A flipped bit or a missing end of another file of a run is found as well."""
    measured(sweep)
    file = sweep.file(table, "a1", 0)
    whole, chance = file.read_bytes(), random.Random(22)
    for place in chance.sample(range(8 * len(whole)), 100):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        file.write_bytes(flipped)
        assert why_damaged(sweep) == {f"{table}/a1-000.parquet": "its bytes do not match their checksum"}
    file.write_bytes(whole[:-1])
    assert why_damaged(sweep) == {
        f"{table}/a1-000.parquet": f"it has {len(whole) - 1} bytes instead of {len(whole)}"
    }
    for rest in (whole[:-1], b""):  # a file that is too short is noticed without reading any
        file.write_bytes(rest)
        found = sweep.stored(check_parts=False)
        why = f"it has {len(rest)} bytes instead of {len(whole)}"
        assert (dict(found.rows), dict(found.damaged)) == ({}, {file: why})
    file.write_bytes(bytes(len(whole)))
    assert set(sweep.stored(check_parts=False).rows) == {KEY}
    file.unlink()
    assert why_damaged(sweep) == {f"{table}/a1-000.parquet": "it is missing"}
    for check in (True, False):  # a deleted file is noticed without reading any
        found = sweep.stored(check_parts=check)
        assert (dict(found.rows), found.missing) == ({}, (file,))
