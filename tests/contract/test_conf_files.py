"""conf/ and the registries say the same; every file explains itself."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from breakeven.analysis.figures import FIGURES
from breakeven.runner import engines
from breakeven.runner.cell.compatibility import why_not
from breakeven.runner.config.cell import FAMILIES, KNOBS, parse
from breakeven.runner.config.files import conf_folder
from tests.fakes import configuration, plain

CONF = conf_folder()
PSEUDO = {"ipc": {"auto", "native", "none"}}
SHARED = {"model": {"name", "start_method"}}


def _files(group: str) -> list[Path]:
    return sorted((CONF / group).glob("*.yaml"))


def _members() -> list[tuple[str, ModuleType, str]]:
    return [(family, module, name) for family, module in FAMILIES.items() for name in module.REGISTRY]


@pytest.mark.parametrize(
    ("group", "registry"), [*((f, m.REGISTRY) for f, m in FAMILIES.items()), ("engine", engines.REGISTRY)]
)
def test_every_member_has_its_file_and_every_file_its_member(group: str, registry: dict[str, str]) -> None:
    """The choices on the command line are the registry, and nothing else."""
    assert {file.stem for file in _files(group)} == set(registry) | PSEUDO.get(group, set())


@pytest.mark.parametrize(("family", "module", "name"), _members())
def test_a_file_holds_the_knobs_of_its_member(family: str, module: ModuleType, name: str) -> None:
    """Name and options are those that the class declares."""
    content = yaml.safe_load((CONF / family / f"{name}.yaml").read_text())
    assert content["name"] == name
    assert set(content) == SHARED.get(family, {"name"}) | set(module.load(name).OPTIONS)


@pytest.mark.parametrize("name", FAMILIES["model"].REGISTRY)
def test_the_start_method_is_one_that_the_model_knows(name: str) -> None:
    """It is null where workers are not processes."""
    content = yaml.safe_load((CONF / "model" / f"{name}.yaml").read_text())
    assert content["start_method"] in (FAMILIES["model"].load(name).START_METHODS or (None,))


@pytest.mark.parametrize("name", FAMILIES["model"].REGISTRY)
def test_a_model_can_exist_with_the_defaults(name: str) -> None:
    """Choosing a model alone, serial with its one worker, gives a cell that can be measured."""
    alone = FAMILIES["model"].load(name).refuses_workers(2) is not None
    cell = parse(plain(f"model={name}", workers=1 if alone else 2))
    assert (
        why_not(
            model=cell.model,
            start_method=cell.start_method,
            ipc=cell.ipc,
            pattern=cell.pattern,
            workers=cell.workers,
        )
        is None
    )


@pytest.mark.parametrize("file", sorted(CONF.rglob("*.yaml")), ids=lambda file: str(file.relative_to(CONF)))
def test_every_file_says_what_it_is(file: Path) -> None:
    """The first line, or the one after the package directive, is a comment."""
    lines = [line for line in file.read_text().splitlines() if not line.startswith("# @package")]
    assert lines[0].startswith("# ")


def test_every_knob_has_a_comment() -> None:
    """Each line of the defaults with a value says what it means."""
    lines = (CONF / "config.yaml").read_text().partition("\nhydra:")[0].splitlines()
    bare = [
        line
        for line in lines
        if line.strip() and not line.endswith(":") and "#" not in line and "override" not in line
    ]
    assert [line for line in bare if "_self_" not in line] == []


def test_the_knobs_are_those_of_the_defaults() -> None:
    """What the reader takes for known is what conf/config.yaml holds."""
    found = plain()
    assert set(found) == set(KNOBS[""])
    for group in ("measure", "limits", "engine", "interpreter"):
        assert set(found[group]) == set(KNOBS[group])


def test_hydra_writes_nothing_of_its_own() -> None:
    """No folder, no log, no change of directory."""
    hydra: Any = yaml.safe_load((CONF / "config.yaml").read_text())["hydra"]
    assert (hydra["output_subdir"], hydra["run"]["dir"], hydra["sweep"]["dir"], hydra["job"]["chdir"]) == (
        None,
        ".",
        ".",
        False,
    )


def test_the_help_names_every_unit() -> None:
    """What a size and a time may be written in stands in --help."""
    text = configuration().get("workers")
    help_text = (CONF / "hydra" / "help" / "breakeven.yaml").read_text()
    assert text == 2
    assert "B KB KiB MB MiB GB GiB" in help_text
    assert "ns us ms s min" in help_text


@pytest.mark.parametrize("file", _files("experiment"), ids=lambda file: file.stem)
def test_an_experiment_begins_with_its_question(file: Path) -> None:
    """Then comes how long it takes on two cores, and which figures answer it; these exist."""
    _, question, answer, *_ = file.read_text().splitlines()
    assert re.fullmatch(r"# [A-Z].+\?", question)
    assert answer.count(" on two cores") == 1
    assert re.match(r"# [A-Z][\w ]*\b(minute|second)s?\b", answer)
    named = re.search(r"The figures? (\w+)(?: and (\w+))? answers? it\b", answer)
    assert named is not None
    assert {name for name in named.groups() if name} <= set(FIGURES)
