"""The order of cells: interpreters by version, numbers by value."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.frames.order import natural, rank_cells, sort_cells, version

PARTS = st.tuples(st.just(3), st.integers(0, 40), st.integers(0, 40))


def test_versions_in_their_order() -> None:
    """As they were released; without the GIL after the same version with it."""
    ordered = [
        ("3.9.20", True),
        ("3.10.1", True),
        ("3.13.1", True),
        ("3.13.1", False),
        ("3.14.0a7", True),
        ("3.14.0rc1", True),
        ("3.14.0rc2", True),
        ("3.14.0", True),
        ("3.14.0+", True),
        ("3.14.1", True),
    ]
    keys = [version(text, gil=gil) for text, gil in ordered]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert version("unknown") > keys[-1]


@given(PARTS, PARTS)
def test_versions_compare_as_their_numbers(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    """Part by part, never as texts."""
    texts = [".".join(map(str, parts)) for parts in (one, other)]
    assert (version(texts[0]) < version(texts[1])) == (one < other)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_in_texts_compare_as_numbers(one: int, other: int) -> None:
    """Such as those of flags and variables."""
    assert (natural(f"N={one}") < natural(f"N={other}")) == (one < other)


def test_cells_stand_in_the_order_of_versions_and_values() -> None:
    """Whatever the paths of the interpreters are called."""
    cells = pd.DataFrame(
        {
            "interpreter": ["/a/python3.14", "/z/python3.9", "/b/python3.13t", "/c/python3.13"],
            "python_version": ["3.14.0", "3.9.1", "3.13.1", "3.13.1"],
            "gil_enabled": [True, True, False, True],
            "payload_asked_bytes": [1024, 64, 2**20, 512],
            "interpreter_flags": ["-X a=10", "-X a=9", None, "-X a=100"],
        }
    )
    by_version = sort_cells(cells, ["interpreter"])["interpreter"]
    assert by_version.tolist() == ["/z/python3.9", "/c/python3.13", "/b/python3.13t", "/a/python3.14"]
    assert sort_cells(cells, ["payload_asked_bytes"])["payload_asked_bytes"].is_monotonic_increasing
    assert rank_cells(cells, ["interpreter_flags"]).tolist() == [2, 1, 0, 3]
