"""Files of a configuration: each is read once for all cells of a grid, and each cell has objects of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from breakeven.runner.hydra_app.compose import HYDRA_BASE, Composer, plain_config, without_hydra
from breakeven.runner.hydra_app.kept_files import reading_once

FILES = {
    "config": "{defaults: [_self_, db: mysql], count: 1, listed: [{a: 1}]}",
    "db/mysql": "{host: here, ports: [1, 2]}",
    "db/sqlite": "{defaults: [base, _self_], host: there}",
    "db/base": "{port: 1}",
    "more/all": "# @package _global_\ncount: 2\nhydra: {sweeper: {params: {count: '1,2'}}}",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of configurations."""
    write(tmp_path / "conf", FILES)
    return tmp_path / "conf"


@pytest.fixture
def loader(folder: Path) -> Iterator[ConfigLoader]:
    """Provide Hydra's loader for the folder."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(folder), **HYDRA_BASE):
        yield GlobalHydra.instance().config_loader()


def write(folder: Path, files: dict[str, str]) -> None:
    """Write the texts of files by their names."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.yaml").write_text(text)


def composer(loader: ConfigLoader) -> Composer:
    """Return a composer for a grid that sets nothing."""
    return Composer(loader, loader.load_configuration("config", [], RunMode.MULTIRUN))


def composed(composer: Composer, *overrides: str) -> dict[str, Any]:
    """Return one cell."""
    (request,) = composer.compose_all([overrides])
    return dict(request.plain)


def hydras_own(loader: ConfigLoader, overrides: Sequence[str]) -> dict[str, Any]:
    """Return one cell as Hydra composes it."""
    master = loader.load_configuration("config", [], RunMode.MULTIRUN)
    return plain_config(without_hydra(loader.load_sweep_config(master, list(overrides))))


def test_each_file_is_read_once_for_a_whole_grid(
    loader: ConfigLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many choices the cells differ in, and whether Hydra composes them whole or not."""
    made = composer(loader)
    read: Counter[str] = Counter()
    files = next(type(source) for source in loader.get_sources() if source.scheme() == "file")
    original = files.load_config

    def counting(source: ConfigSource, config_path: str) -> ConfigResult:
        read[config_path] += 1
        return original(source, config_path)

    monkeypatch.setattr(files, "load_config", counting)
    made.compose_all([["db=mysql"], ["db=sqlite"], ["db=sqlite", "+more=all"], ["db=mysql", "~count"]])
    assert read == {"config": 1, "db/mysql": 1, "db/sqlite": 1, "db/base": 1, "more/all": 1}


def test_cells_of_a_grid_are_made_of_the_same_text(loader: ConfigLoader, folder: Path) -> None:
    """A file that is edited after the first cell is read anew by the next grid."""
    made = composer(loader)
    assert composed(made, "db=mysql")["db"]["host"] == "here"
    write(folder, {"db/mysql": "{host: moved}"})
    assert composed(made, "db=mysql", "++count=3")["db"]["host"] == "here"
    assert composed(made, "db=mysql", "+more=all")["db"]["host"] == "here"
    assert composed(composer(loader), "db=mysql")["db"]["host"] == "moved"


@pytest.mark.parametrize("before", [{}, {"db/late": "{host: [}"}], ids=["missing", "broken"])
def test_what_could_not_be_read_is_read_again(
    loader: ConfigLoader, folder: Path, before: dict[str, str]
) -> None:
    """Nothing is kept of a failure."""
    write(folder, before)
    made = composer(loader)
    with pytest.raises(Exception, match=r"db/late|while parsing") as refused:
        composed(made, "db=late")
    assert isinstance(refused.value, HydraException) == (before == {})
    write(folder, {"db/late": "{host: last}"})
    assert composed(made, "db=late")["db"] == {"host": "last"}


def test_cells_do_not_share_what_was_read(loader: ConfigLoader) -> None:
    """What one of them sets, merges or removes, the others still have."""
    made = composer(loader)
    changed = composed(made, "~db.ports", "listed=[]", "db={host: x}")
    assert changed == {"count": 1, "listed": [], "db": {"host": "x"}}
    jobs: list[list[str]] = [["+more=all"], ["db=sqlite", "listed.0=3"], ["~db", "~listed"], []]
    for job in (*jobs, *jobs):
        assert composed(made, *job) == hydras_own(loader, job)


def test_a_name_is_looked_up_in_the_search_path_of_each_cell(loader: ConfigLoader, tmp_path: Path) -> None:
    """Two cells that search other folders find other files of one name, as with Hydra."""
    for name in ("one", "two"):
        write(tmp_path / name, {"db/own": f"{{host: {name}}}"})
    made = composer(loader)
    for name in ("one", "two", "one"):
        job = ["db=own", f"hydra.searchpath=[file://{tmp_path / name}]"]
        assert composed(made, *job) == hydras_own(loader, job)
        assert composed(made, *job)["db"] == {"host": name}


def test_a_loader_that_keeps_files_or_is_not_hydras_stays_as_it_is(loader: ConfigLoader) -> None:
    """The one keeps them already, and nobody knows how the other reads them."""
    keeping = reading_once(loader)
    assert reading_once(keeping) is keeping
    other: Any = object()
    assert reading_once(other) is other


def test_a_copy_without_hydra_is_hydras_for_a_task(loader: ConfigLoader) -> None:
    """It is whole, may be changed, has the same flags, and leaves the original as it was."""
    master = loader.load_configuration("config", [], RunMode.MULTIRUN)
    config = loader.load_sweep_config(master, ["+more=all"])
    own = without_hydra(config)
    assert own == {"count": 2, "listed": [{"a": 1}], "db": {"host": "here", "ports": [1, 2]}}
    assert OmegaConf.is_struct(own)
    own.db.host = "changed"
    assert config.db.host == "here"
    assert isinstance(config.hydra, DictConfig)
    assert config.hydra.sweeper.params == {"count": "1,2"}
