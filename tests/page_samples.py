"""Sweeps of which tests make pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from breakeven.base.layout import SweepPaths
from breakeven.command import main
from tests.analysis_samples import MS, Sample

Add = Callable[[Sample], None]

KINDS = ("report", "compare", "claims")
"""The commands that write a page."""

ATTACK = "<script>alert(1)</script>"


def add_grid(sample: Sample) -> None:
    """Add two models with two numbers of workers and two payloads, and round trips over two channels."""
    sample.rounds = 3
    for model, workers, payload in product(("thread", "process"), (1, 2), (1024, 65536)):
        speedup = 1.0 if model == "thread" else 0.95 * workers
        sample.add_map(model=model, workers=workers, payload_bytes=payload, speedup=speedup)
    for ipc, latency in (("pipe", 20_000), ("queue", 60_000)):
        sample.add_pingpong(model="process", ipc=ipc, latency_ns=latency)


def add_attacks(sample: Sample) -> None:
    """Add cells with markup in all that a user, a host or an error may say."""
    sample.common |= {"hostname": f"host{ATTACK}", "cpu_model": ATTACK, "kernel": "</pre>" + ATTACK}
    typed = f"label='{ATTACK}'\nmodel=process"
    for label in (ATTACK, "</script><!--<script>", "plain", '" onload="alert(1)'):
        config = yaml.safe_dump({"label": label, "</pre>": ATTACK})
        function = f"mine:{ATTACK}"
        sample.add_map(
            model="process",
            label=label,
            overrides=typed,
            config=config,
            speedup=1.8,
            task_ns=MS,
            function=function,
        )
    reason = f"Traceback (most recent call last):\n  in work\nValueError: {ATTACK}"
    sample.add_bad("failed", reason, model="process", label="bad", overrides=typed)
    sample.add_bad("incompatible", f"no {ATTACK}", model="thread", label="worse", overrides=typed)
    launch = {"overrides": [f"label={ATTACK}"], "config": {"label": ATTACK}, "order": []}
    SweepPaths(sample.path).description.write_text(yaml.safe_dump({"launches": [launch]}), encoding="utf-8")


def write_page(kind: str, folder: Path, add: Add) -> Path:
    """Return the page that the command ``kind`` writes about a sweep that ``add`` fills, or about two of them."""
    page, a, b = (folder / name for name in ("page.html", "a", "b"))
    for path in (a, b) if kind == "compare" else (a,):
        add(Sample(path))
    typed = {
        "report": [str(a), "-o", str(page)],
        "compare": [str(a), str(b), "--page", str(page)],
        "claims": [str(a), "--page", str(page)],
    }
    assert main([kind, *typed[kind]]) == 0
    return page


def read_data(page: str) -> dict[str, Any]:
    """Return what the scripts of a page read."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data
