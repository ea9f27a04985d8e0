"""What every interpreter of the machine says of itself, and that it runs the measured side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from breakeven.runner.cell import facts, records, workloads
from breakeven.runner.cell.records import to_json
from tests.machines import EVERY_INTERPRETER
from tests.patience import PATIENCE_S
from tests.samples import specification

CELL = Path(facts.__file__).parent
LOAD = f"""
import sys
before = set(sys.modules)
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("breakeven_cell", {str(CELL / "__init__.py")!r}, submodule_search_locations=[{str(CELL)!r}])
sys.modules["breakeven_cell"] = module_from_spec(spec)
from breakeven_cell import facts
"""
TELL = """
import json
late = [name for name in ("importlib.metadata", "sysconfig") if name in set(sys.modules) - before]
from breakeven_cell.question import this_interpreter
told = this_interpreter()._asdict()
print(json.dumps({"facts": told, "late": late, "jit": facts.jit_enabled(),
                  "step": facts.clock_step_ns(), "packages": facts.imported_packages()}))
"""
VERSION = "import sys; print(sys.version.split()[0], sys.implementation.name, hasattr(sys, '_jit'))"


def _run(executable: str, script: str, *options: str, **variables: str) -> str:
    command = [executable, "-W", "error", *options, "-c", script]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command, env=environment | variables, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert not done.stderr
    return done.stdout


def _told(executable: str, *options: str, script: str = "", **variables: str) -> dict[str, Any]:
    """Return what an interpreter says of itself, without its site packages, after it executed ``script``."""
    told: dict[str, Any] = json.loads(_run(executable, LOAD + script + TELL, "-S", *options, **variables))
    return told


@EVERY_INTERPRETER
def test_every_interpreter_tells_what_it_is(executable: str) -> None:
    """Version and name are its own, the build names a compiler, the clock moves, nothing slow is imported early."""
    version, name, has_jit = _run(executable, VERSION).split()
    told = _told(executable)
    assert (told["facts"]["python_version"], told["facts"]["implementation"]) == (version, name)
    assert told["late"] == []
    assert "GCC" in told["facts"]["python_build"] or "Clang" in told["facts"]["python_build"]
    assert told["jit"] is (False if name == "cpython" else told["jit"])
    assert has_jit == "False" or told["jit"] is not None
    assert 0 < told["step"] < 1_000_000
    assert told["packages"] == []


@EVERY_INTERPRETER
def test_the_gil_is_as_the_interpreter_was_started(executable: str) -> None:
    """A free-threaded build says so, and that its GIL is off unless it was asked for; any other has it on."""
    free = "import sysconfig; print(bool(sysconfig.get_config_var('Py_GIL_DISABLED')))"
    free_threaded = _run(executable, free).strip() == "True"
    plain = _told(executable)
    assert ("free-threaded" in plain["facts"]["python_build"].split(", ")) is free_threaded
    assert plain["facts"]["gil_enabled"] is not free_threaded
    if free_threaded:
        assert _told(executable, PYTHON_GIL="1")["facts"]["gil_enabled"] is True


@EVERY_INTERPRETER
def test_a_jit_that_was_built_is_told_on_and_off(executable: str) -> None:
    """Where CPython can have one, its state follows the variable that switches it; elsewhere it is off. PyPy's is on."""
    if _run(executable, "import sys; print(sys.implementation.name)").strip() == "pypy":
        assert _told(executable, PYTHON_JIT="0")["jit"] is True
        return
    script = "import sys; print(hasattr(sys, '_jit') and sys._jit.is_available())"
    available = _run(executable, script).strip() == "True"
    assert _told(executable, PYTHON_JIT="0")["jit"] is False
    assert _told(executable, PYTHON_JIT="1")["jit"] is available


@EVERY_INTERPRETER
def test_every_interpreter_names_the_packages_it_imported(executable: str, tmp_path: Path) -> None:
    """Those imported, by the name they are installed under, and neither others nor a user's own module."""
    site = tmp_path / "site"
    _install(site, "Half-Imported", "1.2", {"first.py": "", "second/__init__.py": ""})
    _install(site, "left-out", "3", {"unused.py": ""})
    _install(site, "with.top-level", "4.0.1", {"third.py": ""}, top_level="third\n")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "unused.py").write_text("")
    script = f"sys.path[:0] = [{str(mine)!r}, {str(site)!r}]\nimport second, third, unused\n"
    assert _told(executable, script=script)["packages"] == ["Half-Imported 1.2", "with.top-level 4.0.1"]


def _install(site: Path, name: str, version: str, files: Mapping[str, str], **texts: str) -> None:
    """Put a distribution where a path entry is, as an installer leaves it."""
    record = "".join(f"{file},sha256=abc,0\n" for file in files)
    about = site / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    if "top_level" in texts:
        (about / "top_level.txt").parent.mkdir(parents=True)
        (about / "top_level.txt").write_text(texts["top_level"])
        record = ""
    whole = {**files, f"{about.name}/METADATA": metadata, f"{about.name}/RECORD": record}
    if "direct_url" in texts:
        whole[f"{about.name}/direct_url.json"] = texts["direct_url"]
    for file, text in whole.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(text)


@pytest.mark.parametrize(("editable", "expected"), [("true", ["mine 7"]), ("false", [])])
def test_one_installed_for_editing_is_found_elsewhere(
    tmp_path: Path, editable: str, expected: list[str]
) -> None:
    """Its modules do not lie beside its metadata; another module of the same name is not taken for it."""
    url = f'{{"url": "file:///src", "dir_info": {{"editable": {editable}}}}}'
    _install(tmp_path / "site", "mine", "7", {"mine.py": ""}, direct_url=url)
    (tmp_path / "site" / "mine.py").unlink()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "mine.py").write_text("")
    folders = [str(tmp_path / "site"), str(tmp_path / "src")]
    told = _told(sys.executable, script=f"sys.path[:0] = {folders!r}\nimport mine\n")
    assert told["packages"] == expected


def test_without_packages_nothing_is_searched() -> None:
    """Where only the standard library was imported, even the means to search is not."""
    script = LOAD + "import json, email, xml.dom, ctypes, sqlite3\n"
    script += "print(facts.imported_packages(), 'importlib.metadata' in sys.modules)"
    assert _run(sys.executable, script, "-S") == "[] False\n"


@EVERY_INTERPRETER
def test_every_interpreter_reads_and_writes_records(executable: str, tmp_path: Path) -> None:
    """The measured side's oldest Python, too: the same text comes back."""
    asked = to_json(specification(tmp_path))
    script = (
        f"import sys; sys.path.insert(0, {str(Path(records.__file__).parents[1])!r})\n"
        "from cell.records import from_json, to_json\n"
        "from cell.specification import Specification\n"
        "sys.stdout.write(to_json(from_json(Specification, sys.stdin.read())))"
    )
    done = subprocess.run([executable, "-c", script], input=asked, capture_output=True, text=True, check=True)
    assert done.stdout == asked


@EVERY_INTERPRETER
def test_a_spawned_worker_imports_no_records(executable: str) -> None:
    """Its start is measured: what only the parent needs would lengthen it."""
    script = (
        f"import sys; sys.path.insert(0, {str(Path(records.__file__).parents[1])!r})\n"
        "import cell.models.process, cell.worker, cell.patterns.map, cell.workloads.spin\n"
        "print([name for name in ('records', 'result', 'specification') if 'cell.' + name in sys.modules])"
    )
    done = subprocess.run([executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


EACH_WORKLOAD = """
from breakeven_cell import workloads
from breakeven_cell.workloads._abc import Sizes
for name in {names!r}:
    work = workloads.load(name)({{}}, Sizes(64, 64), 3)
    task, payload = work.open(), work.inputs()[0]
    assert task(payload) == task(payload)
    print(name)
"""


@EVERY_INTERPRETER
def test_every_workload_works(executable: str) -> None:
    """Those included that start a process: an interpreter that was unpacked finds its library by PYTHONHOME alone."""
    own = [name for name in workloads.REGISTRY if name != "function"]  # that one needs a user's
    names = [name for name in own if not workloads.load(name).REQUIRES]
    done = _run(executable, LOAD + EACH_WORKLOAD.format(names=names), PYTHONDONTWRITEBYTECODE="1")
    assert done.split() == names
