"""The parts of a sweep: one for each experiment that is chosen, with the grid that its file sets.

Hydra makes a sweeper before it looks at any value of an axis, so what an experiment sets of the sweeper would be lost where
several are chosen: ``+experiment=scaling,latency``. Each is therefore composed by itself, and its cells follow those of
the one before. A file that sets the sweeper from any other place is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from breakeven.base.errors import BadValue, UnknownChoice
from breakeven.base.suggestions import did_you_mean
from breakeven.runner.config.cell import ENGINE, FAMILIES
from breakeven.runner.config.parsing import typed
from breakeven.runner.config.search import RACE_KEYS, Search, read_search
from breakeven.runner.hydra_app.compose import Composer, as_written
from breakeven.runner.hydra_app.messages import SWEEPER_KEYS

_RACE = "hydra_plugins.breakeven.RaceSweeper"
_NEVER = (*FAMILIES, ENGINE, "interpreter")
"""Groups whose files say what a cell is, and nothing of the grid."""
_EXAMPLES = {
    "params": "{workers: '1,2'}",
    "grids": "[{model: thread}, {model: process, workers: '1,2'}]",
}


@dataclass(frozen=True)
class Part:
    """The overrides of one part as typed, and the sweeper's configuration for it, with and without its interpolations."""

    arguments: Sequence[str]
    sweeper: Mapping[str, Any]
    unresolved: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, arguments: Sequence[str], config: DictConfig) -> Part:
        """Return the part that ``config`` describes; raise BadValue or UnknownChoice."""
        resolved: Any = OmegaConf.to_container(config.hydra.sweeper, resolve=True)
        _check(resolved)
        return cls(arguments, resolved, as_written(config.hydra.sweeper))


def parts_of(arguments: Sequence[str], composer: Composer) -> list[Part]:
    """Return the parts of a sweep, one if no several experiments are typed; raise BadValue or UnknownChoice."""
    loader, master = composer.loader, composer.master
    overrides = OverridesParser.create(config_loader=loader).parse_overrides(list(arguments))
    _refuse_replaced(overrides, composer)
    axes = [list(_values(override, composer)) for override in overrides]
    if any(axis[0] != override.input_line for axis, override in zip(axes, overrides, strict=True)):
        parts = [_part(chosen, overrides, composer) for chosen in itertools.product(*axes)]
        if any(part.unresolved != as_written(master.hydra.sweeper) for part in parts):
            return parts
    return [Part.of(arguments, master)]


def _part(chosen: Sequence[str], overrides: Sequence[Override], composer: Composer) -> Part:
    master = composer.master
    both = zip(chosen, overrides, strict=True)
    single = [text for text, one in both if not one.is_sweep_override() or text != one.input_line]
    config = composer.loader.load_sweep_config(master, single)
    for group in ("launcher", "sweeper"):
        typed_once = config.hydra[group].get("_target_") == master.hydra[group].get("_target_")
        if not typed_once or config.hydra[group].get("max_batch_size") != master.hydra[group].get(
            "max_batch_size"
        ):
            raise BadValue(
                f"{' '.join(single)}: sets hydra/{group} or its max_batch_size, of which a sweep has one; type it on the command line"
            )
    return Part.of(chosen, config)


def _values(override: Override, composer: Composer) -> Iterator[str]:
    """Yield an override with one value each if it chooses among files that may set the sweeper, otherwise as it is."""
    if (
        override.is_discrete_sweep()
        and override.key_or_group not in _NEVER
        and composer.is_group(override.key_or_group)
    ):
        yield from (f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator())
    else:
        yield str(override.input_line)


def _refuse_replaced(overrides: Sequence[Override], composer: Composer) -> None:
    """Raise BadValue for a list of choices one of which would replace what another one says of the grid."""
    for override in overrides:
        names = None if override.is_sweep_override() else override.value()
        if not isinstance(names, list) or not composer.is_group(override.key_or_group):
            continue
        others = [
            str(one.input_line) for one in overrides if one is not override and not one.is_sweep_override()
        ]
        before = _settings(others, composer)
        seen: set[str] = set()
        for name in names:
            own = _settings([*others, f"{override.get_key_element()}={name}"], composer)
            found = {key for key, value in own.items() if before.get(key) != value}
            if seen & found:
                raise BadValue(
                    f"{override.input_line}: two of them set hydra.sweeper.{min(seen & found)}, and the last would replace the "
                    f"other; write {override.get_key_element()}={','.join(map(str, names))} for one grid after the other"
                )
            seen |= found


def _settings(arguments: list[str], composer: Composer) -> dict[str, Any]:
    """Return what the sweeper's configuration holds, each axis of ``params`` by itself."""
    found = as_written(composer.loader.load_sweep_config(composer.master, arguments).hydra.sweeper)
    params = found.pop("params", None) or {}
    return {**found, **{f"params.{key}": value for key, value in params.items()}}


def is_race(sweeper: Mapping[str, Any]) -> bool:
    """Return whether a race chooses the runs: ``hydra/sweeper=race``."""
    return str(sweeper.get("_target_", "")) == _RACE


def search_of(config: DictConfig) -> Search | None:
    """Return how the runs of a sweep are chosen, None to make all of the grid; raise BadValue."""
    sweeper: Any = OmegaConf.to_container(config.hydra.sweeper, resolve=True)
    if not is_race(sweeper):
        return None
    if sweeper["max_batch_size"] is not None:
        raise BadValue(
            f"hydra.sweeper.max_batch_size={typed(sweeper['max_batch_size'])}: a race chooses among all cells at once; leave it null"
        )
    return read_search(sweeper)


def _check(sweeper: Mapping[str, Any]) -> None:
    """Raise UnknownChoice for a key that the sweeper does not know, and BadValue for one of another kind."""
    keys = (*SWEEPER_KEYS, *RACE_KEYS) if is_race(sweeper) else SWEEPER_KEYS
    for key in sweeper:
        if key not in keys and not key.startswith("_"):
            raise UnknownChoice(
                f"hydra.sweeper.{key}: no such key{did_you_mean(key, keys)}; the keys are {', '.join(keys)}"
            )
    params, grids = sweeper.get("params") or {}, sweeper.get("grids") or []
    if not isinstance(params, Mapping):
        raise BadValue(
            f"hydra.sweeper.params={typed(params)}: not a mapping; write one such as {_EXAMPLES['params']}"
        )
    if not isinstance(grids, list) or not all(isinstance(grid, Mapping) for grid in grids):
        raise BadValue(
            f"hydra.sweeper.grids={typed(grids)}: not a list of mappings; write one such as {_EXAMPLES['grids']}"
        )
