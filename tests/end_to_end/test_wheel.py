"""The installed wheel: built, installed without the source tree, used in a folder with files named as anything."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from tests.commands import QUIET

ROOT = Path(__file__).parents[2]
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
QUICK = [
    "tasks=8",
    "task=100us",
    "measure.max_time=100ms",
    "measure.min_trials=2",
    "measure.warmup=0",
    "rounds=1",
]
WORK = "def work(n):\n    import queue, statistics, types\n    return int(statistics.fmean(range(n)))\n"
NOT_OURS = "raise ImportError(\"this is the user's file, not the standard library's\")\n"
USERS = {
    "mine.py": WORK,
    "runner.py": WORK,
    "analysis.py": WORK,
    "types.py": NOT_OURS,
    "queue.py": NOT_OURS,
    "statistics.py": NOT_OURS,
}
SCRIPT = """\
import breakeven

lab = breakeven.load("outputs/mine")
cells: int = len(lab.estimates)
speedup: float = lab.estimates["speedup"].median()
print(cells, breakeven.__version__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([*PIP, "wheel", "--no-deps", "--wheel-dir", folder, ROOT], check=True)
    (built,) = folder.glob("breakeven-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """Return the bin folder of a fresh environment that holds the wheel, and finds the packages it needs."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([*PIP, "--python", python, "install", "--no-deps", wheel], check=True)
    (_packages(python.parent) / "needed.pth").write_text(
        site.getsitepackages()[0] + "\n"
    )  # left out by --no-deps
    return python.parent


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """Create a user's folder with files named like standard library modules and like our former packages."""
    for name, text in USERS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def _packages(scripts: Path) -> Path:
    (found,) = scripts.parent.glob("lib/python*/site-packages")
    return found


def _call(directory: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Type a command; it has to succeed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def _function(module: str) -> list[str]:
    return ["workload=function", f"workload.target={module}:work", "workload.args=[2000]", f"label={module}"]


def test_the_wheel_holds_configuration_and_code_and_no_more(installed: Path) -> None:
    """Conf travels inside breakeven, and no stray top-level package is installed."""
    packages = _packages(installed)
    assert (packages / "breakeven" / "conf" / "config.yaml").exists()
    assert (packages / "breakeven" / "conf" / "experiment" / "tour.yaml").exists()
    assert (packages / "breakeven" / "py.typed").exists()
    assert {path.name for path in packages.iterdir() if path.is_dir()} == {
        "breakeven",
        "hydra_plugins",
        next(path.name for path in packages.glob("breakeven-*.dist-info")),
    }
    assert not [path for path in packages.rglob("*") if path.is_symlink()]


def test_a_wheel_from_the_source_distribution_is_the_same(wheel: Path, tmp_path: Path) -> None:
    """The links in breakeven/ are files there."""
    tools = tmp_path / "tools"
    subprocess.run([*PIP, "install", "--target", tools, "hatchling>=1.25"], check=True)
    build: list[str | Path] = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        "sdist",
        "--directory",
        tmp_path,
    ]
    subprocess.run(build, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(tools)}, check=True)
    (source,) = tmp_path.glob("breakeven-*.tar.gz")
    subprocess.run([*PIP, "wheel", "--no-deps", "--wheel-dir", tmp_path / "again", source], check=True)
    (again,) = (tmp_path / "again").glob("*.whl")
    assert _contents(again) == _contents(wheel)


def _contents(wheel: Path) -> dict[str, int]:
    """Return the files of a wheel with their checksums."""
    with zipfile.ZipFile(wheel) as opened:
        return {
            entry.filename: entry.CRC
            for entry in opened.infolist()
            if "dist-info/RECORD" not in entry.filename
        }


def test_a_sweep_its_figures_and_a_comparison_among_files_of_any_name(installed: Path, users: Path) -> None:
    """Threads, processes however they are started, and pools; a function may be in a ``runner.py`` or ``analysis.py``."""
    breakeven = installed / "breakeven"
    for models, module in (
        (["model=thread,thread_pool"], "mine"),
        (["model=process,process_pool,mp_pool", "model.start_method=fork,forkserver,spawn"], "mine"),
        (["model=thread"], "runner"),
        (["model=process", "model.start_method=spawn"], "analysis"),
    ):
        ran = _call(users, breakeven, "run", "-m", *models, *_function(module), *QUICK, "sweep=mine").stdout
        assert f"next: {breakeven} show outputs/mine" in ran.replace(" \\\n  ", "")  # however it is wrapped
    runs = pd.read_parquet(users / "outputs" / "mine" / "runs")
    assert list(runs.status) == ["ok"] * 13
    (about,) = _packages(installed).glob("*.dist-info")
    assert set(runs.breakeven_version) == {about.name.split("-")[1].removesuffix(".dist")}
    assert "results: outputs/mine" in _call(users, breakeven, "show").stdout
    assert list((users / "outputs" / "mine" / "figures").glob("scaling*.png"))
    compared = _call(
        users, breakeven, "compare", "label=mine,model=thread", "label=mine,model=thread_pool"
    ).stdout
    assert "of 1" in compared or "1 cell" in compared
    assert "done" in _call(users, breakeven, "status").stdout


def test_a_run_in_the_commands_own_process_among_them(installed: Path, users: Path) -> None:
    """The debug engine's workers are interpreters that the command starts itself."""
    arguments = ["engine=debug", "model=process", "model.start_method=spawn", *_function("mine"), *QUICK]
    for start in ([installed / "breakeven"], [installed / "python", "-m", "breakeven"]):
        (users / "types.py").unlink(missing_ok=True)  # Python itself imports that to start a module
        assert "1 cell (1 ok)" in _call(users, *start, "run", *arguments).stdout


def test_the_old_scripts_and_the_help(installed: Path, users: Path) -> None:
    """They lead to the subcommands; Hydra's own commands work from the wheel."""
    _call(users, installed / "breakeven", "model=thread", *_function("mine"), *QUICK, QUIET)
    assert "results: outputs/" in _call(users, installed / "breakeven-analysis", "--no-figures").stdout
    assert "done" in _call(users, installed / "breakeven-status").stdout
    assert "\nmodel: asyncio" in _call(users, installed / "breakeven", "run", "--help").stdout
    assert "payload: 1KiB" in _call(users, installed / "breakeven", "--cfg", "job").stdout


def test_a_script_of_a_users_type_checks_and_runs(installed: Path, tmp_path: Path) -> None:
    """`mypy --strict` knows what the library returns, and that a wrong name is one."""
    _call(tmp_path, installed / "breakeven", "model=thread", *QUICK, QUIET, "sweep=mine")
    (tmp_path / "script.py").write_text(SCRIPT)
    assert _call(tmp_path, installed / "python", "script.py").stdout.startswith("1 ")
    mypy: list[str | Path] = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--python-executable",
        installed / "python",
    ]
    _call(tmp_path, *mypy, "script.py")
    (tmp_path / "wrong.py").write_text("import breakeven\n\nbreakeven.laod()\n")
    wrong = subprocess.run([*mypy, "wrong.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert 'has no attribute "laod"' in wrong.stdout
