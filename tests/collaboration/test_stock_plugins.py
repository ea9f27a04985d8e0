"""Launchers and sweepers that others wrote for Hydra, with real processes and real runs."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.commands import QUIET, Command, changed, python_path
from tests.engines import slurm_cluster

pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="hydra-joblib-launcher is not installed")
pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="hydra-optuna-sweeper is not installed")

SHORT = (
    *("rounds=1", "tasks=4", "task=100us", "model=thread", "sweep=mine"),
    *("measure.max_time=50ms", "measure.min_trials=2", "measure.max_warmup=1", "measure.traced=0"),
)
LAUNCHERS = Path(sys.prefix, "launchers")
"""Where `make` installs launchers apart from all else: their versions of other packages are not those of Dask, and every command looks at what is installed."""

_NEEDED = {
    "hydra_submitit_launcher": "hydra-submitit-launcher submitit",
    "hydra_ray_launcher": "hydra-ray-launcher",
}
OPTUNA = ("-m", "hydra/sweeper=optuna", "hydra.sweeper.direction=maximize")


def _rows(folder: Path) -> pd.DataFrame:
    (sweep,) = (path for path in (folder / "outputs").iterdir() if not path.is_symlink())
    return pd.read_parquet(sweep / "runs")


@pytest.mark.parametrize("processes", [1, 2])
def test_joblib_launches_our_sweeps(command: Command, tmp_path: Path, processes: int) -> None:
    """Cells that other processes carry out land in one sweep, chosen as under our own launcher."""
    done = command(
        *("-m", "hydra/launcher=joblib", f"hydra.launcher.n_jobs={processes}", "workers=1,2,3", *SHORT),
        QUIET,
        "hydra.sweeper.exclude=[{workers:2}]",
    )
    assert done.returncode == 0, done.stderr
    rows = _rows(tmp_path)
    assert sorted(zip(rows.workers, rows.status, strict=True)) == [(1, "ok"), (3, "ok")]
    assert [path.name for path in tmp_path.iterdir()] == ["outputs"]


@pytest.mark.parametrize("launcher", ["submitit_local", "ray"])
def test_launchers_of_clusters_launch_our_sweeps(command: Command, tmp_path: Path, launcher: str) -> None:
    """Cells that jobs of their own carry out land in one sweep; one that is refused there ends the command."""
    plugin = f"hydra_{launcher.partition('_')[0]}_launcher"
    if not (LAUNCHERS / "hydra_plugins" / plugin).is_dir():
        pytest.skip(f"needs {plugin}: pip install --no-deps --target {LAUNCHERS} {_NEEDED[plugin]}")
    asked = ("-m", f"hydra/launcher={launcher}", *SHORT, QUIET)
    token = tmp_path.with_suffix(".token")  # Ray listens on every address
    token.touch(0o600)
    token.write_text(secrets.token_hex(32))
    found = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
    found |= {"PYTHONPATH": f"{python_path()}:{LAUNCHERS}"}
    done = command(*asked, "workers=1,2", **found)
    assert done.returncode == 0, done.stderr
    rows = _rows(tmp_path)
    assert sorted(zip(rows.workers, rows.status, strict=True)) == [(1, "ok"), (2, "ok")]
    if launcher == "submitit_local":  # for ray the same takes ten seconds more
        assert command(*asked, "workers=0", **found).returncode == 2


@pytest.mark.skipif(not slurm_cluster.is_there(), reason=slurm_cluster.MISSING)
def test_submitit_launches_our_sweeps_on_slurm(
    command: Command, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each cell is a job of a real Slurm, one after the other, and all land in one sweep."""
    if not (LAUNCHERS / "hydra_plugins" / "hydra_submitit_launcher").is_dir():
        needed = _NEEDED["hydra_submitit_launcher"]
        pytest.skip(f"needs it: pip install --no-deps --target {LAUNCHERS} {needed}")
    asked = ("-m", "hydra/launcher=submitit_slurm", "hydra.launcher.array_parallelism=1", *SHORT, QUIET)
    with slurm_cluster.cluster(tmp_path_factory.mktemp("cluster")) as made:
        found = {**made.variables, "PYTHONPATH": f"{python_path()}:{LAUNCHERS}"}
        done = command(*asked, "hydra.launcher.timeout_min=10", "workers=1,2", **found)
    assert done.returncode == 0, done.stderr
    rows = _rows(tmp_path)
    assert sorted(zip(rows.workers, rows.status, strict=True)) == [(1, "ok"), (2, "ok")]


@pytest.mark.parametrize(("knob", "code"), [("limits.time=1ms", 1), ("workers=0", 2)])
@pytest.mark.parametrize("launcher", ["joblib", "basic"])
def test_what_goes_wrong_elsewhere_is_told_by_the_exit_code(
    command: Command, launcher: str, knob: str, code: int
) -> None:
    """A failed run is 1 and a bad input 2, whichever process saw it."""
    processes = ("hydra.launcher.n_jobs=2",) if launcher == "joblib" else ()
    done = command(
        "-m", f"hydra/launcher={launcher}", *processes, *changed(SHORT, "tasks=4,8", "task=1us", knob)
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("launcher", ["breakeven", "basic"])
def test_optuna_finds_the_best_cell(command: Command, tmp_path: Path, launcher: str) -> None:
    """It is told the speedup of each cell, a cell that cannot exist is the worst, and all land in one sweep."""
    done = command(
        *(*OPTUNA, f"hydra/launcher={launcher}", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_jobs=1"),
        *("ipc=choice(native,queue,simple_queue)", *SHORT, QUIET),
    )
    assert done.returncode == 0, done.stderr
    rows = _rows(tmp_path).set_index("ipc")
    assert dict(rows.status) == {"native": "incompatible", "queue": "ok", "simple_queue": "ok"}
    found = yaml.safe_load((tmp_path / "optimization_results.yaml").read_text())
    assert found["best_value"] == pytest.approx(rows.speedup.max())
    assert found["best_params"] == {"ipc": rows.speedup.idxmax()}


def test_optuna_carries_on_in_the_sweep_it_began(command: Command, tmp_path: Path) -> None:
    """A sweep without a name is one folder, though it is launched batch by batch; a cell asked for again is not made."""
    done = command(
        *(*OPTUNA, "hydra.sweeper.n_trials=3", "hydra.sweeper.n_jobs=1", "workers=choice(1,2)", QUIET),
        *(knob for knob in SHORT if not knob.startswith("sweep=")),
    )
    assert done.returncode == 0, done.stderr
    assert 1 <= len(_rows(tmp_path)) <= 2
