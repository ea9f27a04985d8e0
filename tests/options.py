"""The options of members, as the configuration gives them."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import yaml

from breakeven.runner.cell.families import FAMILIES
from breakeven.runner.config.cell import _Member
from breakeven.runner.config.files import conf_folder


def options_of(family: str, name: str) -> dict[str, Any]:
    """Return the options of a member with the defaults of its YAML file, in base units."""
    return deepcopy(_options_of(family, name))


@cache  # every pair of a model and a channel asks for those of both, whenever a test session starts
def _options_of(family: str, name: str) -> dict[str, Any]:
    if name not in FAMILIES[family].REGISTRY:
        return {}
    given = yaml.safe_load((conf_folder() / family / f"{name}.yaml").read_text())
    return _Member.read({family: given}, family).options
