"""Read a YAML file of a configuration: any Unicode encoding, and names that are texts exactly as written.

YAML reads ``label: 3.10`` as 3.1 and ``sweep: 2026_1_11`` as 2026111. So plain values of knobs that hold texts, and the
choices of a defaults list, are put in quotes before Hydra reads them.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from breakeven.base.errors import BadInput
from breakeven.base.text import shown
from breakeven.runner.config.cell import EXPERIMENT
from breakeven.runner.hydra_app.kinds import CHOICES, GROUPS, is_text

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, if libyaml is there
_NULL = "tag:yaml.org,2002:null"
_SWEEPER = ("hydra", "sweeper")
_DEFAULTS = "defaults"


def read(file: Path, group: str) -> str:
    """Return the text of a file of ``group``, with its names in quotes.

    Raise BadInput if it is no text or mixes choices.
    """
    text = _decoded(file)
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError:  # raised again, with the file's name, when Hydra reads it
        return text
    is_global = text.lstrip().startswith("#") and "@package _global_" in text.partition("\n")[0]
    prefix = () if is_global or not group or group == EXPERIMENT else tuple(group.split("/"))
    _refuse_lists(root, file)
    for start, end, value in sorted(_names(root, prefix), reverse=True):
        text = f"{text[:start]}'{value.replace(chr(39), chr(39) * 2)}'{text[end:]}"
    return text


def _decoded(file: Path) -> str:
    data = file.read_bytes()
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadInput(
            f"{shown(file.absolute())}: line {line} is not UTF-8 (byte 0x{data[error.start]:02x}); save the file as UTF-8"
        ) from error


def _names(node: Any, path: tuple[str, ...]) -> Iterator[tuple[int, int, str]]:
    """Yield place and value of each plain scalar below ``node`` that is a text."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _names(value, (*path, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _names(value, path)
    elif isinstance(node, yaml.ScalarNode) and not node.style and node.tag != _NULL and _is_name(path):
        yield node.start_mark.index, node.end_mark.index, node.value


def _is_name(path: tuple[str, ...]) -> bool:
    if path[:1] == (_DEFAULTS,):
        return True
    own = path[3:] if path[:2] == _SWEEPER else path  # below params, grids, zip, only or exclude
    key = ".".join(own[1:] if own[:1] == ("zip",) else own).lstrip("+")
    return is_text(key) or key in GROUPS


def _refuse_lists(root: Any, file: Path) -> None:
    """Raise BadInput if a defaults list has several choices of a group of which a cell has one."""
    entries = dict(_entries(root))
    for entry in entries[_DEFAULTS].value if isinstance(entries.get(_DEFAULTS), yaml.SequenceNode) else ():
        for name, value in _entries(entry):
            group = name.split("@")[0].split()[-1].lstrip("/") if name else ""
            if group in CHOICES and isinstance(value, yaml.SequenceNode):
                names = ",".join(str(one.value) for one in value.value)
                raise BadInput(
                    f"{shown(file.absolute())}: {name}: [{names}]: a cell has one {group}, and the last of a list would replace "
                    f"the others; write {group}: {names} under hydra.sweeper.params"
                )


def _entries(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((str(key.value).strip(), value) for key, value in node.value)
