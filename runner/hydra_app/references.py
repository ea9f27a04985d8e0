"""References to knobs in the configuration of a sweeper, such as ``${workers}``.

OmegaConf would replace them once, by the values of the configuration as a whole. On the command line, where Hydra sets
them in each cell, they stand for the cell's own values. So those of a grid are kept as they are written, and those of
settings, of which a sweep has one and not one for each cell, are refused.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from breakeven.base.errors import BadValue
from breakeven.runner.hydra_app.compose import as_written

_GRID = ("params", "grids", "zip")
_CONDITIONS = ("only", "exclude")
_OPENED = re.compile(r"(\\*)(\$\{)")
_CONSTANT = re.compile(r"\$\{\s*(?:(?:breakeven\.cpus|oc\.(?:env|decode|create))\s*:|\.|hydra\.)")
"""Begins what is the same in each cell: CPUs, variables, and other keys of the sweeper or of Hydra."""


def resolved(sweeper: DictConfig) -> dict[str, Any]:
    """Return the configuration of a sweeper, with the references of its grid to knobs as they are written.

    Raise BadValue for one in a setting.
    """
    own = copy.deepcopy(sweeper)  # whose parent is that of `sweeper`
    with read_write(own), open_dict(own):
        for key, value in as_written(sweeper).items():
            if key in _GRID:
                own[key] = _escaped(value)
            elif key not in _CONDITIONS and not key.startswith("_"):
                _refuse(f"hydra.sweeper.{key}", value)
    found: Any = OmegaConf.to_container(own, resolve=True)
    return {str(key): value for key, value in found.items()}


def _escaped(value: Any) -> Any:
    """Return what OmegaConf resolves to ``value``, but for what is the same in each cell."""
    if isinstance(value, Mapping):
        return {key: _escaped(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_escaped(one) for one in value]
    if not isinstance(value, str):
        return value
    return "".join(
        piece if constant else _OPENED.sub(r"\1\1\\\2", piece) for piece, constant in _pieces(value)
    )


def _refuse(key: str, value: Any) -> None:
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and any("${" in piece and not constant for piece, constant in _pieces(text)):
            raise BadValue(
                f"{key}: {text} may differ from cell to cell, and a sweep has one {key.rpartition('.')[2]}; write the value itself"
            )


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a text, and whether each is a reference that is the same in each cell."""
    begin = 0
    for found in _OPENED.finditer(text):
        end = _end(text, found.end())
        if found.start() < begin or len(found[1]) % 2 or not _is_constant(text[found.start(2) : end]):
            continue
        yield text[begin : found.start()], False
        yield text[found.start() : end], True
        begin = end
    yield text[begin:], False


def _end(text: str, begin: int) -> int:
    """Return where the reference ends whose opening brace ends at ``begin``."""
    depth = 1
    for place, char in enumerate(text[begin:], begin + 1):
        depth += (char == "{") - (char == "}")
        if not depth:
            return place
    return len(text)


def _is_constant(reference: str) -> bool:
    """Return whether a reference, and all within it, is the same in each cell."""
    return reference.count("${") == len(_CONSTANT.findall(reference))
