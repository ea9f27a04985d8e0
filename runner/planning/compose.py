"""Configurations of a whole grid, composed by Hydra once for each combination of group choices.

A composition takes Hydra some 70 ms, however little it differs from the one before. What differs between most cells of
a grid is the value of knobs, and setting one on a copy is what Hydra itself does after it has merged the files. So that
is what is done here; overrides that do more than set an existing knob go through Hydra, one by one.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

import hydra
from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

import runner

# what to tell Hydra of the version whose defaults are wanted: 1.3 warns where nothing is said, 1.4 where something is
HYDRA_BASE = {"version_base": "1.3"} if hydra.__version__.startswith("1.3.") else {}
_ASKS_HYDRA = "${hydra:"


@dataclass(frozen=True)
class Request:
    """One composed and resolved configuration, and the overrides that led to it."""

    plain: dict[str, Any]
    overrides: tuple[str, ...]


class _Kind(Enum):
    GROUP = auto()  # chooses a file: part of what is composed once
    SET = auto()  # gives an existing knob one scalar value
    OTHER = auto()  # adds, removes or merges: left to Hydra, in the order it was typed


@dataclass(frozen=True)
class _Base:
    """A composition that cells share; ``leaves`` are the knobs that may be set on a copy of it."""

    config: DictConfig
    leaves: frozenset[str]


class Composer:
    """Composes the configurations of one grid; ``master`` is what Hydra composed for the grid as a whole."""

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self._loader = loader
        self._master = master
        self._parser = OverridesParser.create()
        self._parsed: dict[str, tuple[_Kind, Override]] = {}
        self._bases: dict[tuple[str, ...], _Base] = {}

    def compose_all(self, jobs: Sequence[Sequence[str]], first_number: int = 0) -> list[Request]:
        """Compose one configuration for each list of overrides, each with one value; raises what Hydra raises."""
        before = HydraConfig.instance().cfg
        try:
            return [self._compose(tuple(job), first_number + place) for place, job in enumerate(jobs)]
        finally:
            HydraConfig.instance().cfg = before

    def _compose(self, overrides: tuple[str, ...], number: int) -> Request:
        parsed = [self._parse(text) for text in overrides]
        config = self._on_a_copy(overrides, parsed)
        if config is None:
            config = self._through_hydra(overrides, number)
        return Request(plain_config(config), overrides)

    def _parse(self, text: str) -> tuple[_Kind, Override]:
        if text not in self._parsed:
            override = self._parser.parse_override(text)
            self._parsed[text] = (self._kind(override), override)
        return self._parsed[text]

    def _kind(self, override: Override) -> _Kind:
        value, key = override.value(), override.key_or_group
        if isinstance(value, dict) or override.is_hydra_override():
            return _Kind.OTHER
        if self._loader.get_group_options(key):
            return _Kind.GROUP
        changes = not (
            override.is_add() or override.is_force_add() or override.is_delete() or override.package
        )
        scalar = value is None or (
            isinstance(value, bool | int | float | str) and _ASKS_HYDRA not in str(value)
        )
        return _Kind.SET if changes and scalar else _Kind.OTHER

    def _on_a_copy(
        self, overrides: tuple[str, ...], parsed: list[tuple[_Kind, Override]]
    ) -> DictConfig | None:
        """Set the knobs on a copy of the shared composition; None where only Hydra can tell what comes out."""
        kinds = [kind for kind, _ in parsed]
        if _Kind.OTHER in kinds:
            return None
        base = self._base(
            tuple(text for text, kind in zip(overrides, kinds, strict=True) if kind is _Kind.GROUP)
        )
        settings = [override for kind, override in parsed if kind is _Kind.SET]
        if not all(override.key_or_group in base.leaves for override in settings):
            return None
        config = copy.deepcopy(base.config)
        for override in settings:
            OmegaConf.update(config, override.key_or_group, override.value(), merge=True)
        return config

    def _base(self, groups: tuple[str, ...]) -> _Base:
        if groups not in self._bases:
            config = self._through_hydra(groups, 0)
            plain = OmegaConf.to_container(config, resolve=False)
            leaves = frozenset() if _ASKS_HYDRA in str(plain) else frozenset(_leaves(plain))
            self._bases[groups] = _Base(config, leaves)
        return self._bases[groups]

    def _through_hydra(self, overrides: tuple[str, ...], number: int) -> DictConfig:
        config = self._loader.load_sweep_config(self._master, list(overrides))
        with open_dict(config):
            config.hydra.job.id = str(number)
            config.hydra.job.num = number
        HydraConfig.instance().set_config(config)
        return without_hydra(config)


def conf_folder() -> Path:
    """Give the folder of the YAML files: beside this package in the source tree, within it where installed."""
    package = Path(runner.__file__).resolve().parent
    installed = package / "conf"
    return installed if installed.is_dir() else package.parent / "conf"


def without_hydra(config: DictConfig) -> DictConfig:
    """Give a copy of ``config`` with the application's own part only, as Hydra hands it to a task."""
    own = copy.deepcopy(config)
    with read_write(own), open_dict(own):
        own.pop("hydra", None)
    return own


def plain_config(config: DictConfig, *, whole: bool = True) -> dict[str, Any]:
    """Resolve ``config`` into plain dicts and lists; raises what OmegaConf raises for what cannot be resolved.

    A value that is still to be given (``???``) is such a thing, unless ``whole`` is false.
    """
    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=whole, enum_to_str=True)
    return {str(key): value for key, value in plain.items()}


def _leaves(plain: Any, prefix: str = "") -> list[str]:
    names: list[str] = []
    for key, value in plain.items():
        if isinstance(value, Mapping):
            names += _leaves(value, f"{prefix}{key}.")
        elif not isinstance(value, list):
            names.append(f"{prefix}{key}")
    return names
