"""The knobs for how the measured interpreter is started: names, values and options that are refused."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.errors import BadValue
from breakeven.runner.config.cell import check_keys, parse
from breakeven.runner.config.start import read_environment, read_flags
from breakeven.runner.planning.perturbation import Variation
from tests.fakes import plain


@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters="=\0"), min_size=1).map("X{}".format),
        st.none() | st.text(st.characters(exclude_characters="\0")) | st.integers(),
    )
)
def test_values_are_texts(given_: dict[str, Any]) -> None:
    """A text stays as it is, a whole number is its decimal text, null removes."""
    expected = {name: None if value is None else str(value) for name, value in given_.items()}
    assert read_environment(given_) == expected
    assert list(read_environment(given_)) == sorted(given_)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("", "1", "environment.: not the name of a variable"),
        ("A=B", "1", "environment.A=B: not the name of a variable"),
        ("A\0", "1", r"environment.A\x00: not the name of a variable"),
        ("A", "\0", r"environment.A=\x00: a variable cannot hold the character NUL"),
        ("A", True, "environment.A=true: in YAML a text such as this must be quoted"),
        ("A", 1.5, "environment.A=1.5: in YAML a text such as this must be quoted"),
        ("A", ["1"], "environment.A=['1']: not a text"),
        ("A", {"B": "1"}, "environment.A={'B': '1'}: not a text"),
        ("BREAKEVEN_PADDING", "x", "environment.BREAKEVEN_PADDING: cannot be set, since breakeven sets it"),
        ("PYTHONINSPECT", "1", "environment.PYTHONINSPECT: cannot be set, since the interpreter would wait"),
        ("PYTHONHASHSEED", "random", "environment.PYTHONHASHSEED=random: not a whole number from 0 to"),
        ("PYTHONHASHSEED", str(2**32), f"environment.PYTHONHASHSEED={2**32}: not a whole number from 0 to"),
        ("PYTHONHASHSEED", None, "environment.PYTHONHASHSEED=null: not a whole number from 0 to"),
    ],
)
def test_a_variable_that_cannot_be_set_is_refused(name: str, value: Any, why: str) -> None:
    """The message names it, the cause and the remedy."""
    with pytest.raises(BadValue) as refusal:
        read_environment({name: value})
    assert str(refusal.value).startswith(why)


def test_a_hash_seed_of_the_users_own_holds_in_every_round() -> None:
    """The padding still differs between rounds."""
    drawn = [Variation.of(1, "a1", round_).under({"PYTHONHASHSEED": "7"}) for round_ in range(3)]
    assert {one.environment()["PYTHONHASHSEED"] for one in drawn} == {"7"}
    assert len({one.padding_bytes for one in drawn}) > 1


@pytest.mark.parametrize(
    "flags",
    [["-O"], ["-OO"], ["-X", "gil=0"], ["-Xgil=0"], ["-W", "error"], ["-bWerror"], ["-sP"], ["-X", "-E"]],
)
def test_options_are_split_as_in_a_shell(flags: list[str]) -> None:
    """A text and a list say the same."""
    assert read_flags(shlex.join(flags)) == read_flags(flags) == tuple(flags)


def test_no_options_are_no_options() -> None:
    """Null, nothing and a blank text."""
    assert read_flags(None) == read_flags("") == read_flags(" ") == read_flags([]) == ()


@pytest.mark.parametrize(
    "flags",
    [
        *(
            "-c pass",
            "-m mine",
            "-i",
            "-Oi",
            "-h",
            "-?",
            "-V",
            "--version",
            "--help",
            "-E",
            "-I",
            "-OE",
            "-R",
        ),
        *("-x", "mine.py", "-", "--", "-O mine.py", "-X", "-OW", "-X gil=0 -c pass", "'-O", "-O ''"),
    ],
)
def test_options_that_would_break_the_measurement_are_refused(flags: str) -> None:
    """In one line, before anything runs."""
    with pytest.raises(BadValue, match=r"interpreter\.flags") as refusal:
        read_flags(flags)
    assert "\n" not in str(refusal.value)


def test_a_configuration_from_before_these_knobs_is_read() -> None:
    """A file of the user's may be older: what it lacks is not set."""
    older = plain()
    del older["environment"], older["interpreter"]["flags"]
    check_keys(older)
    assert parse(older) == parse(plain())
