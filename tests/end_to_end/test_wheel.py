"""The installed wheel: built, installed without the source tree, used from another directory."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
QUICK = [
    "tasks=8",
    "task=100us",
    "measure.max_time=100ms",
    "measure.min_trials=2",
    "measure.warmup=0",
    "rounds=1",
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bin folder of a fresh environment that holds the wheel, and finds the packages it needs."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    (wheel,) = folder.glob("breakeven-*.whl")
    subprocess.run([*pip, "--python", python, "install", "--no-deps", wheel], check=True)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    (packages / "needed.pth").write_text(site.getsitepackages()[0] + "\n")  # what --no-deps left out
    return python.parent


def _call(directory: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )


def test_the_wheel_holds_configuration_and_code_and_no_more(installed: Path) -> None:
    """Conf travels inside breakeven, and no stray top-level package is installed."""
    (packages,) = installed.parent.glob("lib/python*/site-packages")
    assert (packages / "breakeven" / "conf" / "config.yaml").exists()
    assert (packages / "breakeven" / "conf" / "experiment" / "tour.yaml").exists()
    assert {path.name for path in packages.iterdir() if path.is_dir()} == {
        "breakeven",
        "hydra_plugins",
        next(path.name for path in packages.glob("breakeven-*.dist-info")),
    }


def test_sweep_and_analysis_from_another_directory(installed: Path, tmp_path: Path) -> None:
    """A sweep over the user's own function, its table and its figures, far from the source tree."""
    (tmp_path / "mine.py").write_text("def work(n):\n    return sum(range(n))\n")
    function = ["workload=function", "workload.target=mine:work", "workload.args=[2000]"]
    sweep = ["-m", "model=thread,process", "workers=1,2", "sweep=first"]
    ran = _call(tmp_path, installed / "breakeven", *sweep, *function, *QUICK)
    assert ran.returncode == 0, ran.stderr
    drawn = _call(tmp_path, installed / "breakeven-analysis")
    assert drawn.returncode == 0, drawn.stderr
    runs = pd.read_parquet(tmp_path / "outputs" / "first" / "runs")
    assert list(runs.status) == ["ok"] * 4
    (packages,) = installed.parent.glob("lib/python*/site-packages")
    assert set(runs.breakeven_version) == {
        next(packages.glob("*.dist-info")).name.split("-")[1].removesuffix(".dist")
    }
    assert list((tmp_path / "outputs" / "first" / "figures").glob("scaling*.png"))


def test_help_and_configuration(installed: Path, tmp_path: Path) -> None:
    """Hydra's own commands work from the wheel and leave nothing behind."""
    helped = _call(tmp_path, installed / "breakeven", "--help")
    shown = _call(tmp_path, installed / "breakeven", "--cfg", "job")
    assert helped.returncode == shown.returncode == 0
    assert "model: mp_pool, process" in helped.stdout
    assert "payload: 1KiB" in shown.stdout
    assert list(tmp_path.iterdir()) == []
