"""Which models, channels and patterns go together, and which knobs have no effect on a cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from . import channels, models, patterns, workloads
from .named import NamedTuple
from .spaces import INTERPRETERS, LOOP, PLACE, PROCESSES, SHARING_OBJECTS, THREADS

NATIVE = "native"
NONE = "none"

_WHERE = {
    PLACE: "in the parent's own thread",
    THREADS: "threads",
    LOOP: "tasks of one event loop",
    INTERPRETERS: "interpreters",
    PROCESSES: "processes",
}
"""What workers are, by where they live."""


def channel_for(model: str, ipc: str) -> str:
    """Resolve ``auto`` to the channel that suits the model.

    A pool's own transport, none for serial, else a queue, or the first channel that reaches the workers.
    """
    if ipc != "auto":
        return ipc
    chosen = models.load(model)
    if chosen.TRANSPORT is not None:
        return chosen.TRANSPORT
    return next(
        name for name in (chosen.QUEUE, *channels.REGISTRY) if chosen.SPACE in channels.load(name).JOINS
    )


def why_not(
    *,
    model: str,
    start_method: Optional[str],
    ipc: str,
    pattern: str,
    workers: int,
    model_options: Optional[dict[str, Any]] = None,
    ipc_options: Optional[dict[str, Any]] = None,
    pattern_options: Optional[dict[str, Any]] = None,
) -> Optional[str]:
    """Return the reason why a combination cannot exist, or None if it can.

    ``ipc`` must be resolved (see `channel_for`).
    """
    chosen, asked = models.load(model), pattern_options or {}
    form = patterns.load(pattern).form(asked)
    return (
        _wrong_start(model, chosen, start_method)
        or _wrong_channel(_Joined(model, chosen, model_options or {}), ipc, ipc_options or {})
        or _misplaced(_Joined(model, chosen, model_options or {}), pattern)
        or _unequipped(model, chosen, pattern)
        or _apart(_Way(pattern, form), (model, chosen), ipc, ipc_options or {})
        or _refused(_Way(pattern, form), workers, asked)
        or _held_up(_Way(pattern, form), (model, chosen))
        or chosen.refuses_pattern(form, model_options or {})
        or chosen.refuses_workers(workers)
    )


def pickles_payloads(model: str, ipc: str, model_options: Optional[dict[str, Any]] = None) -> bool:
    """Return whether payloads travel as pickles.

    They do to workers that share no objects, and with some pools and channels to others as well.
    """
    chosen = models.load(model)
    if chosen.ALWAYS_PICKLES or chosen.space(model_options or {}) not in SHARING_OBJECTS:
        return True
    return ipc in channels.REGISTRY and channels.load(ipc).ALWAYS_PICKLES


class _Joined(NamedTuple):
    """A model with its name and options, for which a channel is sought."""

    name: str
    model: type[models.Model]
    options: dict[str, Any]

    @property
    def space(self) -> str:
        """Where its workers live."""
        return self.model.space(self.options)


class _Way(NamedTuple):
    """A pattern by its name, and the class that its options make of it."""

    pattern: str
    form: type[patterns.Pattern]


def _wrong_start(name: str, model: type[models.Model], start_method: Optional[str]) -> Optional[str]:
    if model.START_METHODS and start_method not in model.START_METHODS:
        known = ", ".join(model.START_METHODS)
        return f"model={name} needs a start_method ({known}); {start_method} is not one"
    if not model.START_METHODS and start_method is not None:
        why = "starts its processes in one way" if model.SPACE == PROCESSES else "starts no processes"
        return f"model={name} {why}, so start_method={start_method} has no effect; leave it out"
    return None


def _misplaced(joined: _Joined, pattern: str) -> Optional[str]:
    able = patterns.load(pattern).SPACES
    if joined.space in able:
        return None
    *some, last = (text for space, text in _WHERE.items() if space in able)
    wanted = f"{', '.join(some)} or {last}" if some else last
    return f"pattern={pattern} needs workers that are {wanted}; those of model={joined.name} are {_WHERE[joined.space]}"


def _unequipped(name: str, model: type[models.Model], pattern: str) -> Optional[str]:
    if model.EQUIPS or not patterns.load(pattern).EQUIPPED:
        return None
    able = ", ".join(other for other in models.REGISTRY if models.load(other).EQUIPS)
    return f"pattern={pattern} needs workers that share locks and memory from their creation on; model={name} cannot have them (choose {able})"


def _refused(way: _Way, workers: int, options: dict[str, Any]) -> Optional[str]:
    why = way.form.refuses(workers, options)
    return why and f"pattern={way.pattern} {why}"


def _held_up(way: _Way, model: tuple[str, type[models.Model]]) -> Optional[str]:
    if model[1].STREAMS or not way.form.ONE_WAY:
        return None
    able = ", ".join(other for other in models.REGISTRY if models.load(other).STREAMS)
    return (
        f"pattern={way.pattern} sends messages before others are answered, which model={model[0]} is not made to do here "
        f"(choose {able})"
    )


def _apart(
    way: _Way, model: tuple[str, type[models.Model]], ipc: str, ipc_options: dict[str, Any]
) -> Optional[str]:
    """Return why workers cannot send to each other."""
    if not way.form.BETWEEN:
        return None
    if not model[1].BETWEEN:
        able = ", ".join(other for other in models.REGISTRY if models.load(other).BETWEEN)
        return f"pattern={way.pattern} has workers send to each other, which those of model={model[0]} cannot (choose {able})"
    why = channels.load(ipc).refuses_between(ipc_options)
    if why is None:
        return None
    space = model[1].SPACE
    able = ", ".join(name for name, kind in _every_channel() if kind.BETWEEN and space in kind.JOINS)
    if channels.load(ipc).BETWEEN:
        return f"ipc={ipc} {why}, and pattern={way.pattern} has workers send to each other"
    return f"ipc={ipc} {why}, and pattern={way.pattern} has them send to each other (choose {able})"


def _every_channel() -> Iterator[tuple[str, type[channels.Channel]]]:
    return ((name, channels.load(name)) for name in channels.REGISTRY)


def _wrong_channel(joined: _Joined, ipc: str, ipc_options: dict[str, Any]) -> Optional[str]:
    name, model, _ = joined
    if model.TRANSPORT == NATIVE:
        return (
            None
            if ipc == NATIVE
            else f"model={name} is a pool with its own transport: it takes ipc=native, not ipc={ipc}"
        )
    if model.TRANSPORT == NONE:
        return None if ipc == NONE else f"model={name} calls tasks in place: it takes ipc=none, not ipc={ipc}"
    if ipc in (NATIVE, NONE):
        return f"model={name} needs a channel; ipc={ipc} is not one (choose {', '.join(_fitting(joined))})"
    why = channels.load(ipc).refuses(joined.space, ipc_options)
    return why and f"ipc={ipc} {why}; model={name} takes {', '.join(_fitting(joined))}"


def _fitting(joined: _Joined) -> list[str]:
    """Return the channels that can join the workers of a model."""
    return [name for name in channels.REGISTRY if joined.space in channels.load(name).JOINS]


def ignored(*, workload: str, workload_options: dict[str, Any], pattern: str) -> frozenset[str]:
    """Return the names of the cell's integer knobs that have no effect on it."""
    chosen = patterns.load(pattern)
    if chosen.ECHOES:
        return chosen.IGNORES
    return chosen.IGNORES | workloads.load(workload).ignores(workload_options)
