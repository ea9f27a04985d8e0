"""Compose the configurations of a whole grid, calling Hydra once for each combination of group choices.

Hydra takes some 60 ms for a composition, however little it differs from the one before. Most cells of a grid
differ only in the values of knobs, which Hydra sets after merging the files. So Hydra merges the files once
for each combination of group choices; OmegaConf then sets the knobs of a cell on a copy of the result, with
the same call that Hydra makes. Everything else, and whatever OmegaConf refuses, is left to Hydra, so that the
error is Hydra's own.
"""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import hydra
from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from breakeven.base.errors import BadValue
from breakeven.runner.hydra_app.kept_files import pickled, reading_once
from breakeven.runner.planning.request import Request

# Hydra 1.3 warns if version_base is missing, 1.4 if it is given
HYDRA_BASE = {"version_base": "1.3"} if hydra.__version__.startswith("1.3.") else {}

_LOCAL = re.compile(r"\$\{(?:oc\.env:\w+|[.\w\[\]]+)\}", re.ASCII)  # refers to a knob or to the environment
_SETTING = (OverrideType.CHANGE, OverrideType.ADD, OverrideType.FORCE_ADD)


class _Kind(Enum):
    GROUP = auto()  # chooses a file: part of the base that is composed once
    UPDATE = auto()  # sets or adds a value that OmegaConf can resolve without Hydra
    OTHER = auto()  # left to Hydra


@dataclass(frozen=True)
class _Change:
    """One parsed override."""

    text: str
    kind: _Kind
    key: str
    value: Any
    how: OverrideType


class Composer:
    """Composes the configurations of one grid; ``master`` is Hydra's configuration of the grid as a whole.

    ``sweepers`` are the sweeper's configurations that made the grid: a cell whose files set another one is refused,
    unless there are none.
    """

    def __init__(
        self, loader: ConfigLoader, master: DictConfig, sweepers: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.loader = reading_once(loader)
        self.master = master
        self.sweepers = sweepers
        self._parser = OverridesParser.create()
        self._changes: dict[str, _Change] = {}
        self._groups: dict[str, frozenset[str]] = {}
        self._bases: dict[tuple[str, ...], _Base | None] = {}
        self._parts: dict[bytes, dict[str, Any]] = {}

    def compose_all(self, jobs: Sequence[Sequence[str]], first_number: int = 0) -> list[Request]:
        """Compose one configuration for each list of single-valued overrides; raise what Hydra raises."""
        before = HydraConfig.instance().cfg
        try:
            return [self._compose(tuple(job), first_number + place) for place, job in enumerate(jobs)]
        finally:
            HydraConfig.instance().cfg = before

    def _compose(self, overrides: tuple[str, ...], number: int) -> Request:
        changes = [self._read(text) for text in overrides]
        if all(change.kind is not _Kind.OTHER for change in changes):
            base = self._base(tuple(change.text for change in changes if change.kind is _Kind.GROUP))
            settings = [change for change in changes if change.kind is not _Kind.GROUP]
            plain = None if base is None else base.changed(settings)
            if base is not None and plain is not None:
                return Request(self._shared(plain), overrides, base.choices)
        config = self._through_hydra(overrides, number)
        return Request(plain_config(without_hydra(config)), overrides, _choices(config))

    def _shared(self, plain: dict[str, Any]) -> dict[str, Any]:
        """Return ``plain`` with its groups of knobs replaced by equal ones of earlier cells."""
        groups = {key: value for key, value in plain.items() if isinstance(value, dict)}
        return plain | {
            key: self._parts.setdefault(pickle.dumps(value), value) for key, value in groups.items()
        }

    def _read(self, text: str) -> _Change:
        if text not in self._changes:
            self._changes[text] = self._understood(text)
        return self._changes[text]

    def _understood(self, text: str) -> _Change:
        try:
            (override,) = self._parser.parse_overrides([text])
        except HydraException:  # Hydra raises it again when it composes the whole cell
            return _Change(text, _Kind.OTHER, text, None, OverrideType.CHANGE)
        value = None if override.is_sweep_override() else override.value()
        return _Change(text, self._kind(override, value), override.key_or_group, value, override.type)

    def _kind(self, override: Override, value: Any) -> _Kind:
        key = override.key_or_group
        by_path = getattr(override, "is_value_path", False)  # new in Hydra 1.4; never a group
        if override.is_hydra_override() or override.is_sweep_override() or by_path:
            return _Kind.OTHER
        if self.is_group(key):
            return _Kind.OTHER if isinstance(value, dict) else _Kind.GROUP
        if override.package or "hydra" in key or not _is_local(value):
            return _Kind.OTHER
        return _Kind.UPDATE if override.type in _SETTING else _Kind.OTHER

    def is_group(self, key: str) -> bool:
        """Return whether ``key`` is a group, found as Hydra does in its whole search path, case ignored."""
        parent, _, name = key.rpartition("/")
        if parent not in self._groups:
            names = self.loader.get_group_options(
                parent,
                ObjectType.GROUP,
                config_name=self.master.hydra.job.config_name,
                overrides=list(self.master.hydra.overrides.hydra),
            )
            self._groups[parent] = frozenset(name.casefold() for name in names)
        return name.casefold() in self._groups[parent]

    def _base(self, groups: tuple[str, ...]) -> _Base | None:
        """Return what cells with these choices share; None if Hydra refuses them."""
        if groups not in self._bases:
            try:
                self._bases[groups] = _Base.of(self._through_hydra(groups, 0))
            except (HydraException, OmegaConfBaseException):
                self._bases[groups] = None
        return self._bases[groups]

    def _through_hydra(self, overrides: tuple[str, ...], number: int) -> DictConfig:
        config = self.loader.load_sweep_config(self.master, list(overrides))
        if self.sweepers and as_written(config.hydra.sweeper) not in self.sweepers:
            raise BadValue(
                f"{' '.join(overrides)}: a file that is chosen here sets hydra.sweeper, which is too late within a grid; "
                "make it an experiment, and choose it with +experiment=NAME"
            )
        with open_dict(config):
            config.hydra.job.id = str(number)
            config.hydra.job.num = number
        _let_resolve(config)
        return config


@dataclass(frozen=True)
class _Base:
    """What cells with the same group choices share.

    ``pickled`` is the configuration, which loads in an eighth of the time of a deep copy; None if something
    in it cannot be pickled or refers to something outside, such as ``${hydra:job.num}``.
    """

    choices: Mapping[str, str | None]
    pickled: bytes | None

    @classmethod
    def of(cls, composed: DictConfig) -> _Base:
        config = without_hydra(composed)
        plain: Any = OmegaConf.to_container(config, resolve=False)
        return cls(_choices(composed), pickled(config) if _is_local(plain) else None)

    def changed(self, changes: Sequence[_Change]) -> dict[str, Any] | None:
        """Return the resolved configuration after ``changes``, in order; None if Hydra must compose it."""
        if self.pickled is None:
            return None
        config: DictConfig = pickle.loads(self.pickled)  # noqa: S301  # pickled by this process, kept in memory
        try:
            return plain_config(config) if all(_update(config, change) for change in changes) else None
        except OmegaConfBaseException:
            return None


def _let_resolve(config: DictConfig) -> None:
    """Let ``${hydra:...}`` refer to ``config``, as `HydraConfig.set_config` does, without a copy of Hydra's part."""
    OmegaConf.set_readonly(config.hydra, True)
    current: Any = HydraConfig.instance()
    current.cfg = config  # whoever asks for it is given its part `hydra`


def as_written(group: DictConfig) -> Any:
    """Return a group of Hydra's configuration with its interpolations unresolved."""
    return OmegaConf.to_container(group, resolve=False)


def without_hydra(config: DictConfig) -> DictConfig:
    """Return a copy of ``config`` with only the application's own part, as Hydra passes it to a task."""
    nothing = OmegaConf.create()  # in place of a copy of Hydra's part, which can hold hundreds of grids
    own = copy.deepcopy(config, {id(config.hydra): nothing})
    with read_write(own), open_dict(own):
        own.pop("hydra", None)
    return own


def plain_config(config: DictConfig, *, whole: bool = True) -> dict[str, Any]:
    """Return ``config`` resolved to plain dicts and lists; raise OmegaConf's error if something has no value.

    A missing value (``???``) is an error as well, unless ``whole`` is false.
    """
    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=whole, enum_to_str=True)
    return {str(key): value for key, value in plain.items()}


def _is_local(value: Any) -> bool:
    """Return whether all interpolations in ``value`` refer to the application's knobs or the environment."""
    if isinstance(value, dict):
        return _is_local([*value, *value.values()])
    if isinstance(value, list):
        return all(_is_local(item) for item in value)
    if not isinstance(value, str) or "${" not in value:
        return True
    return value.count("${") == len(_LOCAL.findall(value)) and "hydra" not in value


def _choices(composed: DictConfig) -> dict[str, str | None]:
    made: Any = OmegaConf.to_container(composed.hydra.runtime.choices)
    return {group: choice for group, choice in made.items() if re.split("[/@]", group)[0] != "hydra"}


def _update(config: DictConfig, change: _Change) -> bool:
    """Apply one change as Hydra does; return False if Hydra would refuse to add a key that exists."""
    new_only = change.how is OverrideType.ADD and not isinstance(change.value, dict | list)
    if new_only and OmegaConf.select(config, change.key, throw_on_missing=False) is not None:
        return False
    adds = change.how is not OverrideType.CHANGE
    OmegaConf.update(config, change.key, change.value, merge=True, force_add=adds)
    return True
