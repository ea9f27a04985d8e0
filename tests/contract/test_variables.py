"""Environment variables: which are recorded, in which form, and how a change of them is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.variables import describe_change, differing, matters, read, write

NAMES = st.text(st.characters(exclude_characters="=\0"), min_size=1)
VALUES = st.none() | st.text(st.characters(exclude_characters="\0"))
VARIABLES = st.dictionaries(NAMES, VALUES)


@given(VARIABLES)
def test_what_is_written_is_read_back(variables: dict[str, str | None]) -> None:
    """Every name and value comes back, lines and backslashes in it included; a text can be stored."""
    text = write(variables)
    assert read(text) == variables
    assert len(text.encode().splitlines()) == len(variables)


@given(VARIABLES, VARIABLES)
def test_different_variables_are_different_texts(
    one: dict[str, str | None], other: dict[str, str | None]
) -> None:
    """Equal texts mean equal variables, so that texts can be compared."""
    assert (write(one) == write(other)) == (one == other)


@given(VARIABLES, VARIABLES)
def test_only_what_changed_is_told(one: dict[str, str | None], other: dict[str, str | None]) -> None:
    """Variables that are alike in both do not appear, and what is told is one line."""
    before, now = map(read, differing(write(one), write(other)))
    alike = {name for name in one if name in other and one[name] == other[name]}
    assert not alike & {*before, *now}
    assert len(describe_change(write(one), write(other)).splitlines()) == 1


def test_a_change_is_told_with_both_values() -> None:
    """A variable that was not there, or is gone, is unset."""
    before = write({"OMP_NUM_THREADS": "1", "PYTHONMALLOC": "debug", "SAME": "x"})
    now = write({"LD_PRELOAD": "", "OMP_NUM_THREADS": "01", "SAME": "x"})
    assert describe_change(before, now) == (
        "LD_PRELOAD unset, now empty, OMP_NUM_THREADS=1, now 01, PYTHONMALLOC=debug, now unset"
    )


@pytest.mark.parametrize(
    "name",
    [
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "KMP_AFFINITY"),
        *("NUMEXPR_MAX_THREADS", "VECLIB_MAXIMUM_THREADS", "GOTO_NUM_THREADS", "NUMBA_NUM_THREADS"),
        *("RAYON_NUM_THREADS", "POLARS_MAX_THREADS", "LOKY_MAX_CPU_COUNT", "JOBLIB_MULTIPROCESSING"),
        *("PYTHON_GIL", "PYTHON_JIT", "PYTHONMALLOC", "PYTHONOPTIMIZE", "PYTHONDEVMODE", "PYTHONTRACEMALLOC"),
        *("MALLOC_ARENA_MAX", "GLIBC_TUNABLES", "LD_PRELOAD", "MALLOC_CONF", "CUDA_VISIBLE_DEVICES"),
    ],
)
def test_what_changes_speed_is_recorded(name: str) -> None:
    """Thread counts, GIL, JIT, allocator, and what Python itself reads."""
    assert matters(name)


@pytest.mark.parametrize(
    "name",
    [
        *("HOME", "PATH", "AWS_SECRET_ACCESS_KEY", "PYTHON_API_TOKEN", "PYTHONPATH", "PYTHONHASHSEED"),
        *("BREAKEVEN_PADDING", "MALLOC", "NUMBAX", "DASK_PASSWORD", "omp_num_threads"),
    ],
)
def test_nothing_else_is_recorded(name: str) -> None:
    """It may hold a secret, or is recorded otherwise."""
    assert not matters(name)
