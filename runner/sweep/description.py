"""``sweep.yaml``: the overrides and the configuration of every launch that wrote to a results folder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import yaml

from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.request import Launch
from breakeven.runner.store import Sweep

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, if libyaml is installed
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def describe_launch(sweep: Sweep, plan: Plan, launch: Launch) -> str:
    """Return the text of ``sweep.yaml`` with this launch appended to the earlier ones.

    Only the last launch keeps its order of runs, so that the file does not grow by the size of the sweep each
    time.
    """
    text = sweep.description.read_text(encoding="utf-8") if sweep.description.exists() else "{}"
    earlier = yaml.load(text, Loader=_Loader).get("launches", [])  # noqa: S506  # a safe loader
    present = {
        "started_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "overrides": list(launch.overrides),
        **({"options": list(launch.options)} if launch.options else {}),
        "seed": plan.seed,
        "config": dict(launch.base),
        "order": [f"{run.cell_id}-{run.round}" for run in plan.runs],
    }
    launches = [*map(_without_order, earlier), present]
    return str(yaml.dump({"launches": launches}, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


def _without_order(launch: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in launch.items() if key != "order"}
