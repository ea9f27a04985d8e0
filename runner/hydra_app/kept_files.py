"""Let Hydra read each file once for a whole grid.

Hydra composes every configuration as if it were the only one: it reads and parses all its files anew, in pure Python,
and copies the store of structured configurations. An experiment that lists hundreds of grids is as long as they are,
and is composed as often as they differ in their choices.
"""

from __future__ import annotations

import copy
import pickle
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository
from hydra.core.config_loader import ConfigLoader
from hydra.plugins.config_source import ConfigResult, ConfigSource

_UNPICKLABLE = (pickle.PicklingError, AttributeError, TypeError)  # everything that pickle raises


def reading_once(loader: ConfigLoader) -> ConfigLoader:
    """Return a loader that composes as ``loader`` does, and reads each file once.

    One that does so already, or is not Hydra's own, stays as it is.
    """
    if not isinstance(loader, ConfigLoaderImpl) or isinstance(loader.repository, KeptFiles):
        return loader
    made = copy.copy(loader)
    made.repository = KeptFiles(loader.repository.sources, {})
    return made


class KeptFiles(ConfigRepository):
    """A repository that keeps what it has loaded, for all compositions of one grid.

    Hydra copies its repository for each composition, and merges configurations by changing what was loaded. The copies
    share only bytes, of which each composition makes objects of its own, and the list of ``sources``, which Hydra
    replaces but never changes. The bytes belong to a search path and a name in it, since ``hydra.searchpath`` gives a
    composition another path.

    So all cells of a grid are made of the same text, also if a file is edited meanwhile; the next grid reads it anew.
    What was missing, could not be read or cannot be pickled is not kept.
    """

    def __init__(self, sources: list[ConfigSource], kept: dict[tuple[str, ...], bytes]) -> None:
        self.sources = sources
        self._kept = kept

    def __deepcopy__(self, _: dict[int, Any]) -> KeptFiles:
        return KeptFiles(self.sources, self._kept)

    def load_config(self, config_path: str) -> ConfigResult | None:
        """Return what Hydra's repository loads, in objects that the caller may change."""
        place = (*map(repr, self.sources), config_path)
        if place in self._kept:
            kept: ConfigResult = pickle.loads(self._kept[place])  # noqa: S301  # pickled here, kept in memory
            return kept
        loaded = super().load_config(config_path)
        as_bytes = None if loaded is None else pickled(loaded)
        if as_bytes is not None:
            self._kept[place] = as_bytes
        return loaded


def pickled(value: object) -> bytes | None:
    """Return ``value`` as bytes; None if a class of something in it cannot be imported by name."""
    try:
        return pickle.dumps(value)
    except _UNPICKLABLE:
        return None
