"""The parts of a sweep: one for each experiment that is chosen, with the grid that its file sets.

Hydra makes a sweeper before it looks at any value of an axis, so what an experiment sets of the sweeper would be lost
where several are chosen: ``+experiment=scaling,latency``. Each is therefore composed by itself, and its cells follow
those of the one before. A file that sets the sweeper from any other place is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from breakeven.base.errors import BadValue, UnknownChoice
from breakeven.base.suggestions import did_you_mean
from breakeven.runner.config.cell import ENGINE, FAMILIES
from breakeven.runner.config.parsing import typed
from breakeven.runner.config.search import (
    BISECT,
    BISECT_KEYS,
    RACE,
    RACE_KEYS,
    BisectSearch,
    Search,
    read_bisection,
    read_race,
)
from breakeven.runner.hydra_app.compose import Composer, as_written
from breakeven.runner.hydra_app.grid import ZIP
from breakeven.runner.hydra_app.messages import SWEEPER_KEYS
from breakeven.runner.hydra_app.references import resolved
from breakeven.runner.hydra_app.unused import OURS, refuse_set

_SEARCHES: dict[str, tuple[str, tuple[str, ...], Callable[[Mapping[str, Any]], Search]]] = {
    "hydra_plugins.breakeven.RaceSweeper": (RACE, RACE_KEYS, read_race),
    "hydra_plugins.breakeven.BisectSweeper": (BISECT, BISECT_KEYS, read_bisection),
}
"""Sweepers that choose their runs: the name of each, the keys that it alone has, and what reads them."""
_NEVER = (*FAMILIES, ENGINE, "interpreter")
"""Groups whose files say what a cell is, and nothing of the grid."""
_EXAMPLES = {
    "params": "{workers: '1,2'}",
    "grids": "[{model: thread}, {model: process, workers: '1,2'}]",
}


@dataclass(frozen=True)
class Part:
    """The overrides of one part as typed, and the sweeper's configuration for it.

    That is resolved but for what each cell has of its own, and as it is written.
    """

    arguments: Sequence[str]
    sweeper: Mapping[str, Any]
    unresolved: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, arguments: Sequence[str], config: DictConfig) -> Part:
        """Return the part that ``config`` describes; raise BadValue or UnknownChoice."""
        return cls._checked(arguments, resolved(config.hydra.sweeper), config)

    @classmethod
    def of_another(cls, arguments: Sequence[str], config: DictConfig) -> Part:
        """Return the same for another application, whose sweepers resolve references as Hydra's own do."""
        found: Any = OmegaConf.to_container(config.hydra.sweeper, resolve=True)
        return cls._checked(arguments, found, config)

    @classmethod
    def _checked(cls, arguments: Sequence[str], found: Mapping[str, Any], config: DictConfig) -> Part:
        _check(found)
        return cls(arguments, found, as_written(config.hydra.sweeper))


def parts_of(arguments: Sequence[str], composer: Composer) -> list[Part]:
    """Return the parts of a sweep, one if no several experiments are typed; raise BadValue or UnknownChoice."""
    loader, master = composer.loader, composer.master
    overrides = OverridesParser.create(config_loader=loader).parse_overrides(list(arguments))
    _refuse_replaced(overrides, composer)
    axes = [list(_values(override, composer)) for override in overrides]
    if any(axis[0] != override.input_line for axis, override in zip(axes, overrides, strict=True)):
        parts = [_part(chosen, overrides, composer) for chosen in itertools.product(*axes)]
        if any(part.unresolved != as_written(master.hydra.sweeper) for part in parts):
            for part in parts:
                _refuse_dropped(part, composer)
            return parts
    whole = Part.of(arguments, master)
    _refuse_dropped(whole, composer)
    return [whole]


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
    if config.hydra.launcher.get("_target_") == OURS:
        refuse_set(config)
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


def _refuse_dropped(part: Part, composer: Composer) -> None:
    """Raise BadValue for an axis whose file is chosen by the very key that it sweeps: what is typed wins."""
    overrides = OverridesParser.create(config_loader=composer.loader).parse_overrides(list(part.arguments))
    single = [override for override in overrides if not override.is_sweep_override()]
    swept = set(_swept(part.unresolved))
    for override in single:
        key = override.key_or_group
        if key not in swept or not composer.is_group(key):
            continue
        others = [str(one.input_line) for one in single if one is not override]
        before = composer.loader.load_sweep_config(composer.master, others)
        if key not in _swept(as_written(before.hydra.sweeper)):
            raise BadValue(
                f"{override.input_line}: its file sweeps over {key} itself, and what is typed would replace that axis; "
                f"leave it out of the file, and type {override.get_key_element()}=A,B"
            )


def _swept(sweeper: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of all axes that files set, without plus signs."""
    grids = sweeper.get("grids") or ()
    zips = (one.get(ZIP) if isinstance(one, Mapping) else None for one in (sweeper, *grids))
    tied = (mapping for several in zips if isinstance(several, list) for mapping in several)
    for mapping in (sweeper.get("params"), *grids, *tied):
        yield from (str(key).lstrip("+") for key in (mapping if isinstance(mapping, Mapping) else ()))


def _settings(arguments: list[str], composer: Composer) -> dict[str, Any]:
    """Return what the sweeper's configuration holds, each axis of ``params`` by itself."""
    found = as_written(composer.loader.load_sweep_config(composer.master, arguments).hydra.sweeper)
    params = found.pop("params", None) or {}
    return {**found, **{f"params.{key}": value for key, value in params.items()}}


_NOUNS = {RACE: "race", BISECT: "bisection"}


def search_kind(sweeper: Mapping[str, Any]) -> str | None:
    """Return what chooses the runs, as in ``hydra/sweeper=race``; None if all of a grid are made."""
    found = _SEARCHES.get(str(sweeper.get("_target_", "")))
    return None if found is None else found[0]


def search_of(config: DictConfig) -> Search | None:
    """Return how the runs of a sweep are chosen, None to make all of the grid; raise BadValue."""
    sweeper: Any = OmegaConf.to_container(config.hydra.sweeper, resolve=True)
    return read_search(sweeper)


def read_search(sweeper: Mapping[str, Any]) -> Search | None:
    """Return how the runs of a sweeper with this configuration are chosen; raise BadValue."""
    kind = search_kind(sweeper)
    if kind is None:
        return None
    name, _, read = _SEARCHES[str(sweeper["_target_"])]
    if sweeper["max_batch_size"] is not None:
        raise BadValue(
            f"hydra.sweeper.max_batch_size={typed(sweeper['max_batch_size'])}: a {_NOUNS[name]} chooses among all cells at once; leave it null"
        )
    return read(sweeper)


def at_positions(jobs: Sequence[Sequence[str]], search: BisectSearch) -> list[list[str]]:
    """Return each job at every position of a bisection; raise BadValue if one sets the knob itself."""
    for job in jobs:
        own = next((text for text in job if text.lstrip("+").partition("=")[0] == search.along), None)
        if own is not None:
            raise BadValue(
                f"{own}: hydra/sweeper=bisect chooses the values of {search.along}; leave it out, and write "
                f"hydra.sweeper.between=[{search.write(search.low)},{search.write(search.high)}] for where to look"
            )
    return [[*job, f"{search.along}={value}"] for job in jobs for value in search.positions]


def _check(sweeper: Mapping[str, Any]) -> None:
    """Raise UnknownChoice for a key that the sweeper does not know, and BadValue for one of another kind."""
    _, own, _ = _SEARCHES.get(str(sweeper.get("_target_", "")), ("", (), read_race))
    keys = (*SWEEPER_KEYS, *own)
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
