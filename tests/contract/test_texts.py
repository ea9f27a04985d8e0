"""Overrides whose values are texts: what Hydra reads from them is what was typed."""

from __future__ import annotations

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.hydra_app.grid import expand
from breakeven.runner.hydra_app.texts import as_typed, for_hydra, grid_for_hydra, zips_for_hydra

TYPED = st.text(st.characters(codec="ascii", exclude_characters="\0\n\r"), min_size=1).filter(
    lambda text: (
        text == text.strip() and text[0] not in "'\"[{" and "$" not in text and text.lower() != "null"
    )
)


def _value(override: str) -> object:
    return OverridesParser.create().parse_override(override).value()


@given(TYPED.filter(lambda text: not set(text) & set(",()")))
def test_a_text_is_read_as_typed(text: str) -> None:
    """Numbers, signs and backslashes stay what they are, and what is stored is what was typed."""
    rewritten = for_hydra(f"environment.X={text}")
    assert _value(rewritten) == text
    assert as_typed(rewritten) == f"environment.X={text}"


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("1,01,1e3", ["1", "01", "1e3"]),
        ("true,null", ["true", None]),
        (",-O", ["", "-O"]),
        ("-X gil=0,-X gil=1", ["-X gil=0", "-X gil=1"]),
        ("'a,b',c", ["a,b", "c"]),
        ('"1",1', ["1", "1"]),
        ("range(1,3)", [1, 2]),
        ("don't,x", ["don't", "x"]),
    ],
)
@pytest.mark.parametrize("key", ["environment.X", "+environment.X", "interpreter.flags"])
def test_several_values_are_an_axis(key: str, typed: str, values: list[object]) -> None:
    """Commas separate values, except within quotes and brackets."""
    jobs = expand([for_hydra(f"{key}={typed}")], {}, [])
    assert [_value(line) for (line,) in jobs] == values


@pytest.mark.parametrize(
    "override", ["workers=1,2", "environ.X=1", "+experiment=tour", "environment=laptop", "--cfg"]
)
def test_other_overrides_stay_as_they_are(override: str) -> None:
    """In both directions."""
    assert for_hydra(override) == as_typed(override) == override


def test_a_grid_of_a_file_says_the_same() -> None:
    """A number of YAML is its text, a text may hold several values, a list of a zip is several."""
    assert grid_for_hydra({"environment.X": 4, "workers": "1,2"}) == {
        "++environment.X": "'4'",
        "workers": "1,2",
    }
    zipped = zips_for_hydra([{"environment.X": [1, "01"], "workers": [1, 2]}])
    assert zipped == [{"++environment.X": ["'1'", "'01'"], "workers": [1, 2]}]
    grid = grid_for_hydra({"zip": [{"environment.X": "1,2", "workers": "1,2"}]})
    assert expand([], {}, [grid]) == [
        ["++environment.X='1'", "workers=1"],
        ["++environment.X='2'", "workers=2"],
    ]
