"""Hydra's search path for YAML files: ``--config-dir``, then ``./conf``, then breakeven's own folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery

from breakeven.runner.config.files import is_of_another_program, users_folder

SCHEME = "breakeven"  # of folders whose files `yaml_files` reads
_OWN = "main"  # what Hydra calls the folder that an application names
_first: ContextVar[tuple[Path, ...]] = ContextVar("first", default=())
_ours: ContextVar[bool] = ContextVar("ours", default=False)
_last: ContextVar[tuple[Path, ...]] = ContextVar("last", default=())


@contextmanager
def searched(config_dir: str | None) -> Iterator[None]:
    """Let Hydra search ``config_dir`` and ``./conf`` while breakeven's own configuration is composed.

    A ``conf/`` whose ``config.yaml`` belongs to another Hydra application comes after breakeven's own folder:
    it adds experiments and other choices, and replaces nothing.
    """
    users = users_folder()
    named = () if config_dir is None else (Path(config_dir).absolute(),)
    foreign = users is not None and is_of_another_program(users)
    first = _first.set((*named, *((users,) if users is not None and not foreign else ())))
    last = _last.set((users,) if users is not None and foreign else ())
    ours = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(ours)
        _first.reset(first)
        _last.reset(last)


def add_folders(search_path: ConfigSearchPath) -> None:
    """Add the folders to Hydra's search path; none if it composes another application."""
    for element in search_path.get_path() if _ours.get() else ():
        element.path = element.path.replace("file://", f"{SCHEME}://")
    for folder in _first.get():
        search_path.prepend(
            provider="user", path=f"{SCHEME}://{folder}", anchor=SearchPathQuery(provider=_OWN)
        )
    for folder in _last.get():
        search_path.append(
            provider="user", path=f"{SCHEME}://{folder}", anchor=SearchPathQuery(provider=_OWN)
        )
