"""YAML files of a user's: ``conf/`` in the working directory, ``--config-dir``, and ``breakeven conf``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from breakeven.command import main
from breakeven.runner import engines
from breakeven.runner.config.files import conf_folder
from tests import commands
from tests.fakes import FakeEngine

Captured = pytest.CaptureFixture[str]
EXPERIMENT = """\
# @package _global_
hydra:
  sweeper:
    params:
      workers: 1,2
      model: thread
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand in an empty folder, with an engine that makes up its rows."""
    FakeEngine.reset()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(engines.REGISTRY, "local", "tests.fakes:FakeEngine")
    with commands.undone():
        yield


def _write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def _defaults(**changes: int) -> str:
    """Return breakeven's own config.yaml with other numbers for some knobs."""
    text = (conf_folder() / "config.yaml").read_text()
    for key, value in changes.items():
        before = next(line for line in text.splitlines() if line.startswith(f"{key}:"))
        text = text.replace(before, f"{key}: {value}")
    return text


def _measured(*arguments: str) -> list[dict[str, Any]]:
    """Return the configurations that a sweep stored, each once."""
    assert main(["run", *arguments, "rounds=1", "progress=quiet", "sweep=mine"]) == 0
    rows = pd.read_parquet(Path("outputs/mine/runs"))
    return sorted(
        (yaml.safe_load(text) for text in rows["config"]), key=lambda config: int(config["workers"])
    )


def _composed(capsys: Captured, *arguments: str) -> Any:
    """Return the configuration that Hydra itself composes."""
    assert (
        main(["run", *arguments, "rounds=1", "progress=quiet", "sweep=mine", "--cfg", "job", "--resolve"])
        == 0
    )
    return yaml.safe_load(capsys.readouterr().out)


def test_an_experiment_of_ones_own_is_found() -> None:
    """Without --config-dir, beside those that come with breakeven."""
    _write("conf/experiment/mine.yaml", EXPERIMENT)
    assert [run["workers"] for run in _measured("+experiment=mine")] == [1, 2]


def test_a_choice_of_ones_own_is_found_and_composed_as_hydra_does(capsys: Captured) -> None:
    """The same configuration comes of the short way that a grid takes and of Hydra's own."""
    _write("conf/workload/nap.yaml", "name: sleep\n")
    (found,) = _measured("workload=nap", "workers=1")
    assert found["workload"] == {"name": "sleep"}
    assert found == _composed(capsys, "workload=nap", "workers=1")


def test_a_whole_configuration_of_ones_own_takes_the_place_of_breakevens(capsys: Captured) -> None:
    """It was copied and changed; --config-dir, given in words, comes before it."""
    _write("conf/config.yaml", _defaults(workers=3))
    (found,) = _measured()
    assert found == _composed(capsys)
    assert found["workers"] == 3
    _write("other/config.yaml", _defaults(workers=4))
    assert _composed(capsys, "--config-dir", "other")["workers"] == 4


def test_the_configuration_of_another_hydra_application_takes_no_place(capsys: Captured) -> None:
    """Its folder adds choices and replaces nothing."""
    _write("conf/config.yaml", "defaults:\n  - db: mysql\nlr: 0.1\n")
    _write("conf/model/process.yaml", "layers: 3\n")
    _write("conf/experiment/mine.yaml", EXPERIMENT)
    assert _composed(capsys)["model"]["name"] == "process"
    assert [run["workers"] for run in _measured("+experiment=mine")] == [1, 2]


@pytest.mark.parametrize("what", ["an empty folder", "a file", "files of others"])
def test_a_conf_without_yaml_is_nobodys(capsys: Captured, what: str) -> None:
    """A folder or file of that name may be anything."""
    if what == "a file":
        Path("conf").write_text("x")
    else:
        _write("conf/httpd.conf", "Listen 80\n")
    if what == "an empty folder":
        Path("conf/httpd.conf").unlink()
    assert _composed(capsys)["workers"] == 2
    main(["run", "--info", "searchpath"])
    assert "user" not in capsys.readouterr().out


def test_in_a_clone_the_folder_is_searched_once(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """There, conf/ is breakeven's own."""
    monkeypatch.chdir(conf_folder().parent)
    main(["run", "--info", "searchpath"])
    listed = capsys.readouterr().out
    assert listed.count(str(conf_folder())) == 1


def test_an_unknown_choice_lists_ones_own(capsys: Captured) -> None:
    """The message names all that there are."""
    _write("conf/experiment/mine.yaml", EXPERIMENT)
    assert main(["+experiment=mien"]) == 2
    assert capsys.readouterr().err.startswith(
        "+experiment=mien: no such choice (did you mean mine?); choose one of advise, bandwidth, breakeven, "
    )


def test_an_experiment_without_its_first_line(capsys: Captured) -> None:
    """It would set knobs of its own group; what is missing is said."""
    _write("conf/experiment/mine.yaml", "workers: 4\ntasks: 8\n")
    assert main(["+experiment=mine", "dry_run=true"]) == 2
    assert capsys.readouterr().err == (
        "experiment: its file sets experiment.workers, experiment.tasks; "
        "start it with the line '# @package _global_', so that it sets knobs\n"
    )


def test_an_old_copy_that_lacks_a_knob(capsys: Captured) -> None:
    """A knob that was added since is named, with the file to add it to."""
    _write("conf/config.yaml", _defaults().replace("affinity: none ", "# affinity: none "))
    assert main(["dry_run=true"]) == 2
    assert capsys.readouterr().err == (
        "affinity: missing from the configuration; remove the override that deletes it, or add it to your config.yaml\n"
    )


# --- breakeven conf ------------------------------------------------------------------------------------------


def test_the_files_are_copied_and_nothing_changes(capsys: Captured) -> None:
    """All but what the help looks like; what to do next is said, and a copy measures what the original does."""
    before = _composed(capsys)
    assert main(["conf"]) == 0
    copied = {file.relative_to("conf") for file in Path("conf").rglob("*.yaml")}
    own = {file.relative_to(conf_folder()) for file in conf_folder().rglob("*.yaml")}
    assert copied == {file for file in own if file.parts[0] != "hydra"}
    assert capsys.readouterr().out == (
        f"conf: {len(copied)} files written; a file that you change replaces breakeven's own, "
        "and for one that you delete breakeven's own is used\n"
        "For a sweep of your own, copy conf/experiment/scaling.yaml to mine.yaml, edit it, and type\n"
        "  breakeven run +experiment=mine\n"
    )
    assert _composed(capsys) == before


def test_nothing_that_differs_is_overwritten(capsys: Captured) -> None:
    """Not even the files beside it are written; what is alike is left, and what is missing is added."""
    _write("conf/model/thread.yaml", "mine\n")
    assert main(["conf"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "conf/model/thread.yaml: already there and differs from breakeven's own; nothing was written: "
        "move your files away, or name another folder, as in breakeven conf FOLDER\n"
    )
    assert [str(file) for file in Path("conf").rglob("*.yaml")] == ["conf/model/thread.yaml"]
    for name in ("mp_pool", "process", "serial"):
        _write(f"conf/model/{name}.yaml", "mine\n")
    assert main(["conf"]) == 2
    assert capsys.readouterr().err.startswith(
        "conf/model/mp_pool.yaml, conf/model/process.yaml, conf/model/serial.yaml and 1 more: already there and differ "
    )


def test_a_second_copy_writes_what_is_missing(capsys: Captured) -> None:
    """It may be typed again."""
    assert main(["conf", "mine"]) == 0
    Path("mine/model/thread.yaml").unlink()
    capsys.readouterr()
    assert main(["conf", "mine"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("mine: 1 file written; ")
    assert said.endswith("  breakeven run --config-dir mine +experiment=mine\n")
    assert main(["conf", "of mine"]) == 0
    assert capsys.readouterr().out.endswith("  breakeven run --config-dir 'of mine' +experiment=mine\n")


def test_a_folder_that_cannot_be_written(capsys: Captured) -> None:
    """A file in its place is named."""
    Path("taken").write_text("")
    assert main(["conf", "taken"]) == 2
    assert capsys.readouterr().err == (
        "cannot write taken: File exists; name another folder, as in breakeven conf FOLDER\n"
    )


def test_a_clone_needs_no_copy(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files lie open there."""
    monkeypatch.chdir(conf_folder().parent)
    assert main(["conf"]) == 0
    assert (
        capsys.readouterr().out
        == "conf: this is a clone, so these are breakeven's own files; edit them here\n"
    )
