"""One cell of the grid as typed, checked data, and how to read it from a composed configuration."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from breakeven.base.errors import BadValue, UnknownChoice
from breakeven.base.factors import POLICY
from breakeven.base.interpreters import canonical
from breakeven.base.suggestions import did_you_mean
from breakeven.base.units import format_size, read_size
from breakeven.runner.cell import families
from breakeven.runner.cell.affinity import AFFINITIES
from breakeven.runner.cell.compatibility import channel_for, ignored
from breakeven.runner.cell.feasibility import why_too_long
from breakeven.runner.cell.policies import COLLECTORS, DEFAULT
from breakeven.runner.config.parsing import (
    read_choice,
    read_count,
    read_count_or_auto,
    read_length,
    read_name,
    read_option,
    read_share,
    typed,
)
from breakeven.runner.config.start import read_environment, read_flags

DEFAULT_START = "default"  # the start method that the measured interpreter has by default
START_METHODS = ("fork", "forkserver", "spawn", DEFAULT_START)
ENGINE = "engine"
DEBUG = "debug"  # the engine that measures in this process
CURRENT = "current"  # the interpreter that runs this program
MAX_WORKERS = 4096
LEAST_EACH = 2  # tasks a worker in one trial, if their number is not chosen
ROUNDS = ("rounds", "precision", "max_rounds")
MAX_SEED = 2**63 - 1
LEAST_MEMORY = 64 * 2**20
TRIAL, MAX_ROUNDS = "32ms", 30
"""Where a user's file lacks the knobs, since it is older than they are."""
_MOST_TRIALS, _TRACED = 50, 6  # of a run if the number of rounds is chosen
_PAIRS, FEWEST_PAIRS = (
    6,
    3,
)  # timed in a run, and those that stay where time is short and other rounds make up for it

FAMILIES = families.FAMILIES
KNOBS: dict[str, tuple[str, ...]] = {
    "": (
        *(
            "sweep",
            "outputs",
            "label",
            *FAMILIES,
            "engine",
            "interpreter",
            "environment",
            "workers",
            "payload",
            "payload_out",
            "tasks",
            "task",
            "trial",
            "longest_trial",
        ),
        *("window", "affinity", "switch_interval", "gc", *ROUNDS, "seed", *POLICY, "measure", "limits"),
    ),
    "engine": ("name",),
    "interpreter": ("path", "flags"),
    "measure": (
        "warmup",
        "max_warmup",
        "min_trials",
        "fewest_trials",
        "max_trials",
        "max_time",
        "rel_ci",
        "traced",
    ),
    "limits": ("time", "memory"),
}


_OPTIONAL = (
    *("environment", "interpreter.flags", "trial", "longest_trial", "precision", "max_rounds"),
    *("switch_interval", "gc"),
    *("budget", "compare_by", "calibration", "calibrate_on", "measure.fewest_trials"),
)
"""Knobs that a user's file may lack, since it is older than they are."""

EXPERIMENT = "experiment"
"""The group whose files set knobs of all other groups."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How long and how often a run measures.

    At least ``warmup`` and at most ``max_warmup`` blocks warm up. ``max_time_ns`` bounds the blocks of
    one run; ``rel_ci`` is the relative half-width of the interval of the median paired ratio at which a run
    stops early; ``traced`` is the number of parallel trials that record spans. Of the ``min_trials`` pairs only the
    ``fewest`` stay where they do not fit ``max_time_ns``.
    """

    warmup: int
    max_warmup: int
    min_trials: int
    max_trials: int
    max_time_ns: int
    rel_ci: float
    traced: int
    fewest: int


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One point of the grid: everything that affects its measurement, with units in the names.

    ``*_options`` hold the other knobs of a family's member, in base units. ``tasks`` is 0 for ``auto``: then it follows
    from ``trial_ns``, the length of a serial trial, which is 0 otherwise. ``environment`` holds the environment
    variables that are set, or removed if None. ``switch_interval_ns`` is 0 for the interpreter's own. Where all inputs
    that a user gives would take a serial trial longer than ``longest_trial_ns``, a run does ``take`` of them; 0 for
    all.
    """

    label: str | None = None
    workload: str
    workload_options: dict[str, Any] = field(default_factory=dict)
    model: str
    start_method: str | None = None
    model_options: dict[str, Any] = field(default_factory=dict)
    ipc: str
    ipc_options: dict[str, Any] = field(default_factory=dict)
    pattern: str
    pattern_options: dict[str, Any] = field(default_factory=dict)
    workers: int
    payload_bytes: int
    payload_out_bytes: int
    tasks: int
    task_ns: int
    trial_ns: int = 0
    longest_trial_ns: int = 0
    take: int = 0
    window_ns: int
    interpreter: str
    interpreter_flags: tuple[str, ...] = ()
    environment: dict[str, str | None] = field(default_factory=dict)
    affinity: str
    switch_interval_ns: int = 0
    gc: str = DEFAULT
    seed: int
    time_limit_ns: int
    memory_limit_bytes: int | None = None
    measure: Measure

    @property
    def function(self) -> str | None:
        """Return the user's function as ``module:callable``; None for other workloads."""
        target = self.workload_options.get("target")
        return None if target is None else str(target)

    @property
    def effectless(self) -> frozenset[str]:
        """Return the names of the fields that have no effect on this cell."""
        return ignored(workload=self.workload, workload_options=self.workload_options, pattern=self.pattern)


def parse(plain: Mapping[str, Any]) -> Cell:
    """Return the cell of ``plain``, a resolved configuration; raise BadValue or UnknownChoice.

    ``ipc=auto`` is resolved, options are in base units, and knobs without effect on the cell are 0, so that
    configurations of the same measurement give equal cells.
    """
    check_keys(plain)
    members = {family: _Member.read(plain, family) for family in FAMILIES}
    payload = read_size(plain["payload"], "payload")
    tasks = read_count_or_auto(plain["tasks"], "tasks")
    cell = Cell(
        label=None if plain["label"] is None else read_name(plain["label"], "label"),
        workload=members["workload"].name,
        workload_options=members["workload"].options,
        model=members["model"].name,
        start_method=_start_method(members["model"].start_method),
        model_options=members["model"].options,
        ipc=channel_for(members["model"].name, members["ipc"].name),
        ipc_options=members["ipc"].options,
        pattern=members["pattern"].name,
        pattern_options=members["pattern"].options,
        workers=read_count(plain["workers"], "workers", most=MAX_WORKERS),
        payload_bytes=payload,
        payload_out_bytes=read_size(plain["payload_out"], "payload_out"),
        tasks=tasks or 0,
        trial_ns=read_length(plain.get("trial", TRIAL), "trial") if tasks is None else 0,
        longest_trial_ns=_longest_trial(plain, members, by_length=tasks is None),
        task_ns=read_length(plain["task"], "task"),
        window_ns=read_length(plain["window"], "window"),
        interpreter=canonical(str(plain["interpreter"]["path"] or CURRENT)),
        interpreter_flags=read_flags(plain["interpreter"].get("flags")),
        environment=read_environment(plain.get("environment", {})),
        affinity=read_choice(plain["affinity"], "affinity", AFFINITIES),
        switch_interval_ns=_switch_interval(plain.get("switch_interval")),
        gc=read_choice(plain.get("gc", DEFAULT), "gc", COLLECTORS),
        seed=read_count(plain["seed"], "seed", least=0, most=MAX_SEED),
        time_limit_ns=read_length(plain["limits"]["time"], "limits.time", "s"),
        memory_limit_bytes=_memory_limit(plain["limits"]["memory"]),
        measure=_measure(plain["measure"], _Rounds.read(plain)),
    )
    refuse_too_much(cell)
    cell = _without_effectless(cell)
    if plain["engine"].get("name") != DEBUG:  # which keeps no limit
        refuse_too_long(cell)
    return cell


@dataclass(frozen=True)
class _Member:
    """The chosen member of a family: its name and its knobs, in base units."""

    name: str
    start_method: Any
    options: dict[str, Any]

    @classmethod
    def read(cls, plain: Mapping[str, Any], family: str) -> _Member:
        given = _mapping(plain, family)
        registry = FAMILIES[family]
        pseudo = ("auto", "native", "none") if family == "ipc" else ()
        name = read_choice(
            given.get("name"), f"{family}.name" if "name" in given else family, (*registry.REGISTRY, *pseudo)
        )
        kinds = {} if name in pseudo else dict(registry.load(name).OPTIONS)
        shared = ("name", "start_method") if family == "model" else ("name",)
        _only_known(given, (*shared, *kinds), f"{family}.", f"{family}={name} has")
        known = {} if name in pseudo else registry.load(name).DEFAULTS
        options = {key: read_option(known | dict(given), key, kind, family) for key, kind in kinds.items()}
        conflict = None if name in pseudo else registry.load(name).conflict(options)
        if conflict is not None:
            raise BadValue(conflict)
        return cls(name, given.get("start_method"), options)


def check_keys(plain: Mapping[str, Any]) -> None:
    """Raise UnknownChoice for a key too many and BadValue for a missing one."""
    if EXPERIMENT in plain:
        own = ", ".join(f"{EXPERIMENT}.{key}" for key in _mapping(plain, EXPERIMENT))
        raise BadValue(
            f"{EXPERIMENT}: its file sets {own or 'nothing'}; "
            "start it with the line '# @package _global_', so that it sets knobs"
        )
    _only_known(plain, KNOBS[""], "", "the knobs are")
    for group, keys in KNOBS.items():
        given = plain if group == "" else _mapping(plain, group)
        prefix = f"{group}." if group else ""
        if group != ENGINE:  # whose knobs depend on its name, see `runner.config.engine`
            _only_known(given, keys, prefix, f"{group} has" if group else "the knobs are")
        for key in keys:
            if key not in given and f"{prefix}{key}" not in _OPTIONAL:
                raise BadValue(
                    f"{prefix}{key}: missing from the configuration; remove the override that deletes it, or add it to your config.yaml"
                )


def _mapping(plain: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    given = plain[key]
    if isinstance(given, Mapping):
        return given
    raise BadValue(
        f"{key}={typed(given)}: not a group of knobs; set one of them, such as {key}.{_first_knob(key)}=..."
    )


def _first_knob(group: str) -> str:
    return KNOBS.get(group, ("name",))[0]


def _only_known(given: Mapping[str, Any], known: Iterable[str], prefix: str, listed: str) -> None:
    names = tuple(known)
    for key in given:
        if key not in names:
            raise UnknownChoice(
                f"{prefix}{key}: no such knob{did_you_mean(key, names)}; {listed} {', '.join(names)}"
            )


def _longest_trial(plain: Mapping[str, Any], members: Mapping[str, _Member], *, by_length: bool) -> int:
    """Return the length of a serial trial above which a run does a part of the given inputs.

    It is 0 if there is none, or if it has no effect.
    """
    asked = plain.get("longest_trial")
    longest = 0 if asked is None else read_length(asked, "longest_trial")
    has_list = members["workload"].options.get("inputs") is not None and members["pattern"].name == "map"
    return longest if by_length and has_list else 0


def _switch_interval(value: object) -> int:
    return 0 if value is None else read_length(value, "switch_interval")


def _memory_limit(value: object) -> int | None:
    if value is None:
        return None
    size = read_size(value, "limits.memory", meant="MiB")
    if size < LEAST_MEMORY:
        raise BadValue(
            f"limits.memory={typed(value)}: too little for an interpreter to start; write {format_size(LEAST_MEMORY)} or more, or null for no limit"
        )
    return size


def _start_method(value: object) -> str | None:
    return None if value is None else read_choice(value, "model.start_method", START_METHODS)


@dataclass(frozen=True)
class _Rounds:
    """What a run must know of the rounds of its cell: whether precision ends them, and whether there are others."""

    by_precision: bool
    several: bool

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> _Rounds:
        rounds = read_count_or_auto(plain["rounds"], "rounds")
        most = read_count(plain.get("max_rounds", MAX_ROUNDS), "max_rounds")
        return cls(by_precision=rounds is None, several=(most if rounds is None else rounds) > 1)


def _measure(given: Mapping[str, Any], rounds: _Rounds) -> Measure:
    """Read how a run measures; with ``rounds=auto`` it has as few trials as it may, since processes tell more."""
    most = read_count_or_auto(given["max_trials"], "measure.max_trials")
    asked = read_count_or_auto(given["min_trials"], "measure.min_trials")
    least = min(_PAIRS, most or _PAIRS) if asked is None else asked
    fewest = read_count_or_auto(given.get("fewest_trials", "auto"), "measure.fewest_trials")
    by_precision = rounds.by_precision
    traced = read_count_or_auto(given["traced"], "measure.traced", least=0)
    measure = Measure(
        warmup=read_count(given["warmup"], "measure.warmup", least=0),
        max_warmup=read_count(given["max_warmup"], "measure.max_warmup", least=0),
        min_trials=least,
        max_trials=(least if by_precision else max(least, _MOST_TRIALS)) if most is None else most,
        max_time_ns=read_length(given["max_time"], "measure.max_time"),
        rel_ci=read_share(given["rel_ci"], "measure.rel_ci"),
        traced=(1 if by_precision else _TRACED) if traced is None else traced,
        fewest=min(fewest or FEWEST_PAIRS, least) if asked is None and rounds.several else least,
    )
    for fewest_key, most_key in (("min_trials", "max_trials"), ("warmup", "max_warmup")):
        fewest, limit = getattr(measure, fewest_key), getattr(measure, most_key)
        if fewest > limit:
            raise BadValue(
                f"measure.{fewest_key}={fewest}: more than measure.{most_key}={limit}; lower the first or raise the second"
            )
    return measure


def refuse_too_much(cell: Cell) -> None:
    """Raise BadValue if payloads need over half of the memory; a map holds those of all tasks at once.

    Without a number of tasks, there are at least two a worker.
    """
    held = (cell.tasks or LEAST_EACH * cell.workers) if cell.pattern == "map" else cell.workers
    needed = (cell.payload_bytes + cell.payload_out_bytes) * held
    limit = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    if needed > limit:
        raise BadValue(
            f"payload={format_size(cell.payload_bytes)}: with payload_out={format_size(cell.payload_out_bytes)} one trial "
            f"would hold {needed / 2**30:.1f}GiB ({held} at once), more than half of the memory "
            f"({limit / 2**30:.1f}GiB); lower payload, {'tasks' if cell.pattern == 'map' else 'workers'} or both"
        )


def refuse_too_long(cell: Cell) -> None:
    """Raise BadValue if the trials take longer than the limit; ``task_ns`` is 0 if it is not known yet."""
    reason = why_too_long(cell, cell.task_ns)
    if reason is not None:
        raise BadValue(reason)


def _without_effectless(cell: Cell) -> Cell:
    effectless: dict[str, Any] = dict.fromkeys(cell.effectless, 0)
    return replace(cell, **effectless)
