"""Sweeps of which tests make pages."""

from __future__ import annotations

from itertools import product

import yaml

from breakeven.base.layout import SweepPaths
from tests.analysis_samples import MS, Sample

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
        sample.add_map(
            model="process", label=label, overrides=typed, speedup=1.8, task_ns=MS, function=f"mine:{ATTACK}"
        )
    reason = f"Traceback (most recent call last):\n  in work\nValueError: {ATTACK}"
    sample.add_bad("failed", reason, model="process", label="bad", overrides=typed)
    sample.add_bad("incompatible", f"no {ATTACK}", model="thread", label="worse", overrides=typed)
    launch = {"overrides": [f"label={ATTACK}"], "config": {"label": ATTACK, "</pre>": ATTACK}, "order": []}
    SweepPaths(sample.path).description.write_text(yaml.safe_dump({"launches": [launch]}), encoding="utf-8")
