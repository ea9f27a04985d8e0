"""A run as text, for engines that carry it to another machine; nothing is unpickled there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from breakeven.runner.cell import records
from breakeven.runner.planning.run import Run

T = TypeVar("T")


class NotARun(ValueError):
    """Raised when a text is not a run that this version can read; the message is the reason."""


def run_to_text(run: Run) -> str:
    """Return a run as JSON."""
    return json.dumps(_plain(run))


def run_from_text(text: str) -> Run:
    """Read the output of `run_to_text`; raise NotARun for anything else."""
    try:
        found: Run = _read(Run, json.loads(text))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise NotARun(f"it is no run of this version of breakeven: {error}") from error
    return found


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if hasattr(value, "_fields"):
        return records.to_plain(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _read(hint: Any, plain: Any) -> Any:
    """Return what ``plain`` stands for where ``hint`` is expected."""
    if is_dataclass(hint):
        return _dataclass(hint, plain)
    if hasattr(hint, "_fields"):
        return records.from_plain(hint, plain)
    if get_origin(hint) is not None:
        return _generic(get_origin(hint), get_args(hint), plain)
    return Path(plain) if hint is Path else plain


def _generic(origin: Any, args: tuple[Any, ...], plain: Any) -> Any:
    if origin in (Union, UnionType):
        present = next(arg for arg in args if arg is not NoneType)
        return None if plain is None else _read(present, plain)
    if origin in (dict, Mapping):
        return {key: _read(args[1], part) for key, part in plain.items()}
    return origin(_read(args[0], part) for part in plain)  # a tuple or list of one kind


def _dataclass(kind: Any, plain: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    if set(plain) != set(hints):
        unlike = sorted(set(plain) ^ set(hints))
        raise ValueError(f"{kind.__name__} differs in {', '.join(unlike)}")
    return kind(**{name: _read(hint, plain[name]) for name, hint in hints.items()})


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)
