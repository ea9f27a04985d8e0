"""Overrides whose values are texts: what Hydra reads from them is what was typed."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import assume, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from breakeven.base.program import override
from breakeven.runner.hydra_app import yaml_files
from breakeven.runner.hydra_app.grid import expand
from breakeven.runner.hydra_app.texts import as_typed, for_hydra, grid_for_hydra, zips_for_hydra

TYPED = st.text(st.characters(codec="ascii", exclude_characters="\0\n\r"), min_size=1).filter(
    lambda text: (
        text == text.strip() and text[0] not in "'\"[{" and "$" not in text and text.lower() != "null"
    )
)


def _value(override: str) -> object:
    return OverridesParser.create().parse_override(override).value()


@given(
    st.sampled_from(["environment.X", "label", "sweep", "outputs", "calibration", "calibrate_on"]),
    TYPED.filter(lambda text: not set(text) & set(",()")),
)
def test_a_text_is_read_as_typed(key: str, text: str) -> None:
    """Numbers, signs and backslashes stay what they are, and what is stored is what was typed."""
    rewritten = for_hydra(f"{key}={text}")
    assert _value(rewritten) == text
    assert as_typed(rewritten) == f"{key}={text}"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(str.strip))
def test_the_override_that_we_print_sets_any_text(text: str) -> None:
    """Quotes, commas and brackets of a name included."""
    assume("$" not in text)
    assert _value(for_hydra(override("sweep", text))) == text


@given(
    st.from_regex(r"[-+]?[0-9._]{1,8}([eE:][-+]?[0-9]{1,3})?|yes|off|True|~[a-z]|0[ox]1[0-7]", fullmatch=True)
)
def test_a_name_in_a_file_is_read_as_written(written: str) -> None:
    """Whatever YAML takes it for: a number, a flag, a time; in the mapping itself, in lists and in grids."""
    assume("__" not in written)
    with TemporaryDirectory() as folder:
        file = Path(folder, "mine.yaml")
        file.write_text(
            f"label: {written}  # a remark\ngc: off\nhydra: {{sweeper: {{params: {{label: [{written}, {written}], workers: 1}}}}}}\n"
            f"environment: {{X: {written}}}\n"
        )
        read = yaml_files.read(file, "experiment")
    found = OmegaConf.to_container(OmegaConf.create(read))
    assert found == {
        "label": written,
        "gc": False,
        "hydra": {"sweeper": {"params": {"label": [written, written], "workers": 1}}},
        "environment": {"X": written},
    }


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


@given(
    st.sampled_from(["label", "environment.X", "+environment.X", "outputs", "interpreter.path"]),
    st.lists(st.text().filter(lambda text: "${" not in text), min_size=1, max_size=3),
)
def test_a_text_in_a_list_is_one_value_as_written(key: str, texts: list[str]) -> None:
    """Brackets, commas, quotes, functions, null and spaces included, wherever a grid has lists."""
    name, _, rest = for_hydra(f"{key}=x").partition("=")
    assert rest == "'x'"
    grids: list[list[str]] = [
        [line for (line,) in expand([], grid_for_hydra({key: texts}), [])],
        [line for (line,) in expand([], {}, [grid_for_hydra({key: texts})])],
        [line for (line,) in expand([], {}, [grid_for_hydra({"zip": [{key: texts}]})])],
        [line for (line,) in expand([], {}, [], None, zips_for_hydra([{key: texts}]))],
    ]
    for lines in grids:
        assert [_value(line) for line in lines] == texts
        assert {line.partition("=")[0] for line in lines} == {name}
        assert [_value(for_hydra(as_typed(line))) for line in lines] == texts


@given(
    st.lists(st.text(min_size=1).filter(lambda text: "${" not in text).map("/{}/python".format), min_size=1)
)
def test_a_path_in_a_list_is_one_interpreter(paths: list[str]) -> None:
    """As `interpreter=PATH` is, whatever the names of folders hold."""
    for jobs in (
        expand([], grid_for_hydra({"interpreter": paths}), []),
        expand([], {}, [grid_for_hydra({"zip": [{"interpreter": paths}]})]),
    ):
        assert [_value(line) for (line,) in jobs] == paths
        assert {line.partition("=")[0] for (line,) in jobs} == {"++interpreter.path"}


def test_interpreters_of_a_list_are_chosen_alike_wherever_it_stands() -> None:
    """Versions beside the name of a file are those of files, along an axis and in a zip."""
    names = {"interpreter": ["3.14", "mine"]}
    expected = [["interpreter=python3.14"], ["interpreter=mine"]]
    assert expand([], grid_for_hydra(names), []) == expected
    assert expand([], {}, [], None, zips_for_hydra([names])) == expected
    assert expand([for_hydra("interpreter=3.14,mine")], {}, []) == expected
