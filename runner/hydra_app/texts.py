"""Keep the values of some knobs as texts exactly as typed.

``label``, ``sweep``, ``environment.NAME``, ``interpreter`` and others.

Hydra reads ``1e3`` as a number, ends a value at ``=`` or at the bracket of a pattern such as ``data/[ab]*.json``, and
refuses a key that no file has. So an override of such a
knob is rewritten for it: ``environment.X=1e3,01`` becomes ``++environment.X='1e3','01'``. What is stored and shown
is what was typed. The name of a choice that looks like a number is quoted as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.types import Quote, QuotedString

from breakeven.base.errors import BadValue
from breakeven.base.interpreters import canonical, looks_like_interpreter
from breakeven.runner.hydra_app.grid import LIKE_A_NUMBER, ZIP, write
from breakeven.runner.hydra_app.kinds import GROUPS, is_list, is_text, may_be_list

_KEY = re.compile(r"(?P<plus>\+{0,2})(?P<key>[^=]+)=(?P<value>.*)", re.DOTALL)
_INTERPRETER = re.compile(r"interpreter=(?P<value>.*)", re.DOTALL)
_PATH = "interpreter.path="
_WHOLE = re.compile(r"\+{0,2}(?P<rest>environment=\s*\{.*)", re.DOTALL)
_HYDRAS = re.compile(
    r"(?:range|glob|choice|sort|shuffle|interval|extend_list|tag|int|float|str|bool|json_str)\(.*\)",
    re.DOTALL,
)
_OF_TEXTS = re.compile(r"(?P<name>choice|shuffle|sort)\((?P<values>.*)\)", re.DOTALL)
_NAMED_ARGUMENT = re.compile(r"\s*\w+\s*=.*", re.DOTALL)
_OPENING, _CLOSING, _QUOTES = "([{", ")]}", "'\""


def for_hydra(override: str) -> str:
    """Return an override as Hydra must read it; any other knob's stays as it is."""
    whole = _WHOLE.fullmatch(override)
    if whole:
        return f"++{whole['rest']}"
    by_path = _by_path(override)
    found = _KEY.fullmatch(by_path)
    if not found:
        return by_path
    if found["key"] in GROUPS:
        names = [
            _quoted(piece) if LIKE_A_NUMBER.fullmatch(piece.strip()) else piece
            for piece in _pieces(found["value"])
        ]
        return f"{found['plus']}{found['key']}={','.join(names)}"
    if not is_text(found["key"]):
        return by_path
    return f"++{found['key']}={','.join(map(_quoted, _pieces(found['value'])))}"


def _by_path(override: str) -> str:
    """Return an override that chooses interpreters by their names as one of their paths; any other as it is.

    A name that is neither a version, nor that of a Python, nor a path, is that of a file of the user's; beside it,
    versions are those of the files that there are.
    """
    found = _INTERPRETER.fullmatch(override)
    if found is None:
        return override
    pieces = list(_pieces(found["value"]))
    if all(looks_like_interpreter(_plain(piece)) for piece in pieces):
        return f"{_PATH}{found['value']}"
    return f"interpreter={','.join(canonical(piece.strip()) for piece in pieces)}"


def _plain(piece: str) -> str:
    text = piece.strip()
    quoted = len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0]
    return text[1:-1] if quoted else text


def as_typed(override: str) -> str:
    """Return an override with one value, which `for_hydra` rewrote, in the shortest form in which it can be typed."""
    if not override.startswith("++"):
        return override
    plain = override.removeprefix("++")
    found = _KEY.fullmatch(plain)
    if not found or not is_text(found["key"]):
        return plain if _WHOLE.fullmatch(plain) else override
    key, _, value = plain.partition("=")
    shortest = f"{key.removesuffix('.path') if key == _PATH[:-1] else key}={_unquoted(value)}"
    return shortest if for_hydra(shortest) == override else plain


def grid_for_hydra(grid: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping of a YAML file, from keys to values, with the same rewriting; a list is an axis.

    Raise BadValue.
    """
    return dict(_entry(str(key), _several(str(key), value)) for key, value in grid.items())


def _several(key: str, value: Any) -> Any:
    """Return the values of a list as the text of an axis; the list itself for a knob that holds one; raise BadValue."""
    name = key.lstrip("+")
    if not isinstance(value, list) or name == ZIP or is_list(name):
        return value
    if may_be_list(name):
        typed = ",".join(map(write, value))
        raise BadValue(
            f'{key}: [{typed}] may be one value or several; write "{typed}" for several, or "[{typed}]" for a list'
        )
    if not value:
        raise BadValue(f"{key}: [] has no value; write one, or leave {key} out")
    return ",".join(_exact(name, value))


def _exact(name: str, values: Sequence[Any]) -> Iterator[str]:
    """Yield the values of a list of YAML as typed; texts are in quotes, whatever they hold, if the knob holds texts."""
    quotes = is_text(name) or (name == "interpreter" and all(map(_is_interpreter, values)))
    for value in values:
        if quotes and isinstance(value, str):
            yield QuotedString(value, Quote.single).with_quotes()
        else:
            yield write(value)


def _is_interpreter(value: Any) -> bool:
    return isinstance(value, str) and looks_like_interpreter(value)


def zips_for_hydra(zipped: Any) -> Any:
    """Return the mappings of a ``zip``, in which a list is several values; what is no list of mappings stays."""
    if not isinstance(zipped, Sequence) or not all(isinstance(one, Mapping) for one in zipped):
        return zipped
    return [dict(_zipped_entry(str(key), value) for key, value in one.items()) for one in zipped]


def as_number(value: Any) -> Any:
    """Return the number that a variable's text spells, so that numbers can be compared."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"0|-?[1-9][0-9]{0,17}", value) else value


def _entry(key: str, value: Any) -> tuple[str, Any]:
    if key == ZIP:
        return key, zips_for_hydra(value)
    if for_hydra(f"{key}={write(value)}") == f"{key}={write(value)}":
        return key, value
    name, _, text = for_hydra(f"{key}={write(value)}").partition("=")
    return name, text


def _zipped_entry(key: str, value: Any) -> tuple[str, Any]:
    if not isinstance(value, list):
        return _entry(key, value)
    name = key.lstrip("+")
    if name == "interpreter" and value:  # which of its two keys is meant follows from all values together
        return _entry(key, ",".join(_exact(name, value)))
    entries = [_entry(key, one) for one in (_exact(name, value) if is_text(name) else value)]
    return (entries[0][0] if entries else key), [text for _, text in entries]


def _pieces(text: str) -> Iterator[str]:
    """Yield the values between the commas of a text, but for commas within quotes and brackets."""
    begin, depth, quote = 0, 0, ""
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote and not _is_escaped(text, place) else quote
        elif char in _QUOTES and not text[begin:place].strip():
            quote = char
        elif char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
        elif char == "," and depth <= 0:
            yield text[begin:place]
            begin = place + 1
    yield text[begin:]


def _is_escaped(text: str, place: int) -> bool:
    before = text[:place]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _quoted(piece: str) -> str:
    """Return one value in quotes, unless it is null, is quoted already, or is a list, a map or a function of Hydra."""
    text = piece.strip()
    of_texts = _OF_TEXTS.fullmatch(text)
    if of_texts:
        values = (
            one if _NAMED_ARGUMENT.fullmatch(one) else _quoted(one) for one in _pieces(of_texts["values"])
        )
        return f"{of_texts['name']}({','.join(values)})"
    quoted = len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0]
    if quoted or text.lower() == "null" or text[:1] in ("[", "{") or _HYDRAS.fullmatch(text):
        return text
    return QuotedString(text, Quote.single).with_quotes()


def _unquoted(text: str) -> str:
    """Return the text in single quotes as it is without them."""
    if len(text) < 2 or text[0] != "'" or text[-1] != "'":  # noqa: PLR2004  # one quote at each end
        return text
    return re.sub(r"(\\*)'", lambda match: "\\" * (len(match[1]) // 2) + "'", text[1:-1] + "'")[:-1]
