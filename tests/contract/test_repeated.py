"""Keys that are typed twice are refused before Hydra sees them."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.errors import BadValue
from breakeven.runner.hydra_app.choices import refuse_repeated

KEYS = st.sampled_from(
    ["workers", "model", "model.start_method", "sweep", "hydra.sweeper.only", "environment.A"]
)
WORDS = st.lists(st.tuples(st.sampled_from(["", "+", "++"]), KEYS, st.sampled_from(["=1", "=2", "=a,b"])))


@given(WORDS)
def test_no_key_is_typed_twice(words: list[tuple[str, str, str]]) -> None:
    """However it is added, and though it is given the same value."""
    keys = [key for _, key, _ in words]
    twice = len(set(keys)) < len(keys)
    with pytest.raises(BadValue, match=r"is (typed|chosen) twice; write ") if twice else nullcontext():
        refuse_repeated("".join(word) for word in words)


def test_what_is_deleted_may_be_added_anew() -> None:
    """And a knob of a group stands beside the group."""
    refuse_repeated(["~model", "+model=thread", "model.initial=1MiB", "~model.initial"])
