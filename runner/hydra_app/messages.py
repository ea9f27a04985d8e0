"""Turn Hydra's errors into one-line messages in terms of what was typed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import fields
from traceback import walk_tb

from hydra.conf import HydraConf
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from breakeven.base.errors import BadInput, BadValue, UnknownChoice
from breakeven.base.suggestions import did_you_mean
from breakeven.runner.config.cell import ENGINE, FAMILIES, KNOBS
from breakeven.runner.hydra_app.texts import as_typed

SWEEPER_KEYS = ("params", "zip", "grids", "only", "exclude", "max_batch_size")
"""Keys of every sweeper of ours; a race has some more."""
HYDRA_ERRORS = (HydraException, OmegaConfBaseException, YAMLError)


def explain(error: Exception) -> BadInput:
    """Return the one-line BadInput for an error that Hydra or OmegaConf raised."""
    if isinstance(error, OverrideParseException):
        return _unreadable(error)
    if isinstance(error, MissingConfigException):
        return _unknown_choice(error)
    if isinstance(error, KeyError) and _is_of_environment(error):
        return BadValue("hydra.job.env_copy: has no effect here; variables are inherited as they are")
    text = _text(error)
    for pattern, refuse in _PATTERNS:
        match = re.search(pattern, text)
        if match:
            return refuse(*match.groups())
    return BadInput(text)


def _is_of_environment(error: KeyError) -> bool:
    """Return whether the environment lacks a variable: Hydra reads those of ``hydra.job.env_copy`` and no others."""
    return any(frame.f_globals is vars(os) for frame, _ in walk_tb(error.__traceback__))


def is_about_several_values(error: Exception) -> bool:
    """Return whether Hydra refuses an axis since it takes the command for a single run."""
    return re.search(f"{_AMBIGUOUS}|{_NEEDS_MULTIRUN}", _text(error)) is not None


def raised_by_hydra(error: BaseException) -> bool:
    """Return whether an error comes from within Hydra or OmegaConf, and not from a job that it only passes on."""
    modules = [str(frame.f_globals.get("__name__")) for frame, _ in walk_tb(error.__traceback__)]
    modules = [name for name in modules if name != os.__name__]  # a variable that the environment lacks
    module = modules[-1] if modules else ""
    return module != "hydra.core.utils" and module.partition(".")[0] in {
        "hydra",
        "omegaconf",
        "antlr4",
        "yaml",
        "hydra_plugins",
    }


def _text(error: Exception) -> str:
    """Return the message of an error and its cause in one line; Hydra leaves the cause out of its own."""
    texts = [str(error)]
    if isinstance(error.__cause__, OmegaConfBaseException):
        texts.append(str(error.__cause__))
    return " ".join(" ".join(texts).split()) or type(error).__name__


def _unreadable(error: OverrideParseException) -> BadInput:
    return BadInput(
        f"{as_typed(error.override)}: cannot be read; write KEY=VALUE, and quote special characters, as in 'KEY=\"a b\"'"
    )


def _unknown_choice(error: MissingConfigException) -> BadInput:
    missing = error.missing_cfg_file or ""
    group, _, name = missing.rpartition("/")
    options = ", ".join(sorted(error.options or ()))
    if group == "interpreter":
        return UnknownChoice(
            f"interpreter={name}: neither a version such as 3.14 or 3.13t, nor a path, nor a file of conf/interpreter ({options})"
        )
    if not group:
        return UnknownChoice(f"{missing}: no such configuration file; leave --config-name out")
    typed = f"+{group}={name}" if group == "experiment" else f"{group}={name}"
    known = f"choose one of {options}" if options else f"{group} has no choices"
    return UnknownChoice(f"{typed}: no such choice{did_you_mean(name, error.options or ())}; {known}")


def _unknown_key(key: str) -> BadInput:
    group, _, name = key.rpartition(".")
    if group == "hydra.sweeper":
        return _unknown_of_sweeper(name)
    if key == "experiment":
        return UnknownChoice(
            "experiment=...: an experiment is added with a plus sign; write +experiment=NAME"
        )
    if key in KNOBS[""]:
        return BadValue(
            f"{key}: cannot be set this way; choose with {key}=NAME, set its knobs with {key}.KNOB=VALUE"
        )
    for table in _tables():
        if f"{key}.".startswith(f"{table}."):
            return BadValue(f"{key}: entries are added one by one; write +{table}.NAME=VALUE")
    if group in (*FAMILIES, ENGINE):
        return UnknownChoice(f"{key}: the chosen {group} has no such knob; --cfg job lists its knobs")
    known = [f"{group}.{name}" for name in KNOBS[group]] if group in KNOBS and group else list(KNOBS[""])
    return UnknownChoice(f"{key}: no such knob{did_you_mean(key, known)}; the knobs are {', '.join(known)}")


def _tables() -> list[str]:
    """Return the knobs of members that hold a map; Hydra only lets keys be added to these."""
    return [
        f"{family}.{option}"
        for family, members in FAMILIES.items()
        for name in members.REGISTRY
        for option, kind in members.load(name).OPTIONS.items()
        if kind.startswith("map")
    ]


def _unknown_of_sweeper(name: str) -> BadInput:
    if name in SWEEPER_KEYS:
        return BadValue(f"hydra.sweeper.{name}: entries are added; write ++hydra.sweeper.{name}=VALUE")
    return UnknownChoice(
        f"hydra.sweeper.{name}: no such key{did_you_mean(name, SWEEPER_KEYS)}; the keys are {', '.join(SWEEPER_KEYS)}"
    )


def _unknown_of_hydra(name: str, key: str) -> BadInput:
    known = [field.name for field in fields(HydraConf)]
    return UnknownChoice(f"{key}: no such key{did_you_mean(name, known)}; the keys are {', '.join(known)}")


def _no_choice(kind: str) -> BadInput:
    what = "null" if kind == "NoneType" else f"of the kind {kind}"
    return BadValue(f"the choice of a group is {what}; write GROUP=NAME, or leave it out")


def _no_sweeper() -> BadInput:
    return BadValue("hydra.sweeper and hydra.launcher: null drops them; leave that out")


def _chosen_twice(group: str) -> BadInput:
    return BadValue(f"{group}: is chosen twice; write +{group}=A,B for several, or one of them")


def _leads_nowhere(missing: str, key: str | None) -> BadInput:
    where = "" if key is None else f"{key}="
    return BadValue(
        f"{where}${{{missing}}}: there is no {missing}; name a knob that exists, such as ${{payload}}"
    )


def _needs_value(key: str) -> BadInput:
    return BadValue(f"{key}: needs a value; set it with {key}=VALUE")


def _several_values(typed: str) -> BadInput:
    return BadValue(
        f"{typed}: several values make a sweep, but this needs one configuration; write one value"
    )


def _no_variable(name: str, key: str | None) -> BadInput:
    where = "" if key is None else f"{key}: "
    return BadValue(
        f"{where}the environment has no {name}; set it, or write ${{oc.env:{name},VALUE}} for a default"
    )


def _nothing_to_delete(key: str) -> BadInput:
    return BadValue(f"~{key}: there is nothing to delete; leave it out, or write {key}=null")


def _other_kind(what: str) -> BadInput:
    return BadValue(
        f"conf/{what}.yaml: a list where a mapping belongs, or the other way round; compare it with config.yaml and docs/sweeps.md"
    )


_AMBIGUOUS = "Ambiguous value for argument '([^']+)'"
_NEEDS_MULTIRUN = "Sweep parameters '([^']+)' requires --multirun"
_PATTERNS: tuple[tuple[str, Callable[..., BadInput]], ...] = (
    (r"Multiple values for (\w+)\.", _chosen_twice),
    (r"Environment variable '([^']+)' not found\"(?: full_key: (\S+))?", _no_variable),
    (r"Could not delete from config. '([^']+)' does not exist", _nothing_to_delete),
    (r"Key '([^']+)' not in 'HydraConf' full_key: (\S+)", _unknown_of_hydra),
    (r"Config group override must be a string or a list. Got (\w+)", _no_choice),
    (r"Hydra (?:sweeper|launcher) is not configured", _no_sweeper),
    (r"In '([^']+)': ConfigTypeError raised while composing config", _other_kind),
    (r"Could not override '([^'@]+)", _unknown_key),
    (r"Interpolation key '([^']+)' not found(?: full_key: (\S+))?", _leads_nowhere),
    (r"Missing mandatory value: (\S+)", _needs_value),
    (_AMBIGUOUS, _several_values),
    (_NEEDS_MULTIRUN, _several_values),
)
