"""A composed configuration as plain dicts, in which knobs are set and looked up without OmegaConf.

What may be treated so is told here as well: a knob that takes and keeps any value, and a text that is either no
interpolation or names one other knob. Anything else is OmegaConf's to tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import AnyNode, DictConfig, ListConfig, Node, OmegaConf

_SCALARS = (str, int, float, bool, type(None))
_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_KNOB = re.compile(
    r"\$\{[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\}", re.ASCII
)  # ${a.b}, from the root of the configuration
_LOCAL = re.compile(r"\$\{(?:oc\.env:\w+|[.\w\[\]]+)\}", re.ASCII)  # asks for a knob or for the environment
_MISSING = "???"
_UNDECLARED = ((Any, None, None), (Any, Any, Any), (Any, Any, int))  # of a value, a mapping, a list
_UNKNOWN = object()  # only OmegaConf can tell


@dataclass(frozen=True)
class Template:
    """A configuration whose interpolations are unresolved, and its ``leaves``, all that is no mapping, by dotted name.

    What is filled in shares its parts with it: whoever changed a configuration in place would change others too.
    """

    plain: Mapping[str, Any]
    leaves: Mapping[str, Any]
    paths: Mapping[str, tuple[str, ...]]
    asking: tuple[str, ...]  # leaves that are interpolations
    missing: tuple[str, ...]  # leaves that are still to be given

    @classmethod
    def of(cls, config: DictConfig) -> Template | None:
        """Read ``config``; None where anything in it is more than plain values and the names of knobs."""
        plain: Any = OmegaConf.to_container(config, resolve=False)
        by_path = dict(_leaves(config, plain, ()))
        if _UNKNOWN in by_path.values():
            return None
        leaves = {".".join(path): value for path, value in by_path.items()}
        return cls(
            plain=plain,
            leaves=leaves,
            paths=dict(zip(leaves, by_path, strict=True)),
            asking=tuple(key for key, value in leaves.items() if asks(value)),
            missing=tuple(key for key, value in leaves.items() if value == _MISSING),
        )

    def filled(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Set knobs by dotted name and resolve; None where that takes more than setting and looking up leaves."""
        values = {key: self._resolved(key, given) for key in (*self.asking, *given)}
        if _UNKNOWN in values.values() or not all(key in given for key in self.missing):
            return None
        plain = dict(self.plain)
        own: dict[tuple[str, ...], dict[str, Any]] = {(): plain}
        for key, value in values.items():
            *above, last = self.paths[key]
            _own(own, tuple(above))[last] = value
        return plain

    def _resolved(self, key: str, given: Mapping[str, Any]) -> Any:
        """Follow a leaf to its value, over no more steps than there are leaves."""
        for _ in self.leaves:
            standing = self.leaves.get(key, _UNKNOWN)
            value = given.get(key, standing)
            if standing is _UNKNOWN or isinstance(standing, list):
                return _UNKNOWN
            if not asks(value):
                return value
            key = value[2:-1]
        return _UNKNOWN


def is_settable(value: Any) -> bool:
    """Tell whether a knob keeps just this value.

    In OmegaConf 2.4 a text that ends like a missing value may be an escape.
    """
    return type(value) in _SCALARS and _is_simple(value) and not str(value).endswith(_MISSING)


def is_local(value: Any) -> bool:
    """Tell whether every interpolation within asks for a knob of the application, or for the environment."""
    if isinstance(value, dict):
        return is_local([*value, *value.values()])
    if isinstance(value, list):
        return all(is_local(item) for item in value)
    return not asks(value) or (value.count("${") == len(_LOCAL.findall(value)) and "hydra" not in value)


def asks(value: Any) -> bool:
    """Tell whether a value is a text that OmegaConf takes for an interpolation."""
    return isinstance(value, str) and "${" in value


def _own(own: dict[tuple[str, ...], dict[str, Any]], path: tuple[str, ...]) -> dict[str, Any]:
    """Give the dict at ``path`` of one configuration, copied from what all share when it is first wanted."""
    if path not in own:
        *above, last = path
        owner = _own(own, tuple(above))
        own[path] = owner[last] = dict(owner[last])
    return own[path]


def _leaves(owner: Any, plain: Mapping[Any, Any], path: tuple[str, ...]) -> Iterator[tuple[Any, Any]]:
    """Give (path, value) of every leaf; the value is unknown where anything but a plain one may come to stand."""
    if not _is_free(owner, DictConfig):
        yield path, _UNKNOWN
        return
    for key, value in plain.items():
        node = owner._get_node(key)  # noqa: SLF001  # the public ways give the node's value
        if not (isinstance(key, str) and _NAME.fullmatch(key)):
            yield (*path, key), _UNKNOWN
        elif isinstance(value, dict):
            yield from _leaves(node, value, (*path, key))
        else:
            yield (*path, key), value if _is_plain(node, value) else _UNKNOWN


def _is_plain(node: Node, value: Any) -> bool:
    if isinstance(value, list):
        return _is_free(node, ListConfig) and _is_closed(value)
    return _is_free(node, AnyNode) and type(value) in _SCALARS and _is_simple(value)


def _is_free(node: Node, kind: type[Node]) -> bool:
    """Tell whether a node takes and keeps any value: no type is declared for it, nothing is forbidden."""
    about: Any = node._metadata  # noqa: SLF001  # flags and declared types have no public reader
    declared = (about.ref_type, getattr(about, "element_type", None), getattr(about, "key_type", None))
    undeclared = declared in _UNDECLARED and about.object_type in (dict, list, None)
    return type(node) is kind and undeclared and set(about.flags) <= {"struct"}


def _is_closed(value: Any) -> bool:
    """Tell whether nothing within a list is to be resolved or still to be given."""
    if isinstance(value, dict):
        return all(type(key) in _SCALARS for key in value) and _is_closed([*value.values()])
    if isinstance(value, list):
        return all(_is_closed(item) for item in value)
    return type(value) in _SCALARS and not asks(value) and value != _MISSING


def _is_simple(value: Any) -> bool:
    return not asks(value) or _KNOB.fullmatch(value) is not None
