"""What a build without a GIL counts: built-in work shares none of it between workers, and what a user's function shares is named."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from breakeven.runner.cell import sharing
from tests.machines import FREE_THREADED
from tests.patience import PATIENCE_S

CELL = Path(sharing.__file__).parent


LOAD = f"""
import json, sys, threading
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("breakeven_cell", {str(CELL / "__init__.py")!r}, submodule_search_locations=[{str(CELL)!r}])
sys.modules["breakeven_cell"] = module_from_spec(spec)
from breakeven_cell import patterns, sharing, workloads
thread = threading.Thread(target=int)  # from now on functions are not counted
thread.start()
thread.join()
"""


LISTS_WHAT_WORKERS_SHARE = """
from breakeven_cell.board import Geometry
from breakeven_cell.models._threads import Context
from breakeven_cell.patterns._abc import Knobs
from breakeven_cell.worker import Work, Worker
from breakeven_cell.workloads._abc import Sizes
from breakeven_cell.workloads._snippets import SNIPPETS
from breakeven_cell.workloads.echo import Echo

def make(index):
    made[index] = Worker(index, work, board)

def loads(worker):
    found = [*sharing.loaded(worker.job), *sharing.loaded(getattr(type(pattern), "_repeat", None))]
    return {id(one.value): one.role for one in found if sharing.is_counted(one.value)}

ours = [workloads.load(name) for name in workloads.REGISTRY if name not in ("function", "contention")]
kinds = [(kind, {}) for kind in (*ours, Echo) if kind.lacks({}) is None]
kinds += [(workloads.load("contention"), {"snippet": name}) for name in SNIPPETS]
said = {}
options_of_patterns = {"bin": 10**7, "split": "dynamic", "chunk": 2, "skew": "mild", "producers": "parent", "in_flight": 8, "load": None, "via": "queue", "depth": 8, "weights": None}
for number, pattern in enumerate(patterns.load(name)(options_of_patterns, Knobs(2, 300, 10**9)) for name in patterns.REGISTRY):
    if pattern.EQUIPPED:
        pattern.equip(Context())
    for kind, options in kinds:
        for sizes in (Sizes(1000, 1000), Sizes(1000, 500), Sizes(1000, 2000)):
            workload = kind(options, sizes, 3)
            workload.amount = 70_000
            case = " ".join((type(pattern).__name__, kind.__name__, *options.values(), str(sizes.back)))
            folder = f"{sys.argv[1]}/{number} {case}"
            work, made = Work(pattern, workload, Geometry(folder, 2, 4096, 512), (), ()), {}
            board = work.geometry.create()
            threads = [threading.Thread(target=make, args=(index,)) for index in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            first, second = loads(made[0]), loads(made[1])
            declared = workload.shared_counted([])
            both = [role for key, role in first.items() if key in second and role not in declared]
            said[case] = both + [declared] * bool(options)
print(json.dumps(said))
"""


NAMES_WHAT_A_FUNCTION_SHARES = """
sys.path.insert(0, sys.argv[1])
import users
print(json.dumps({name: sharing.named(sharing.counted(vars(users)[name])) for name in sys.argv[2:]}))
"""


USERS = """
import functools
import math

TABLE = [1, 2, 3]
SCALE = 2.5
NAME = "an interned name"
def literal(x): return (x * 1103515245 + 12345) & 0x7FFFFFFF
def small(x): return (x * 5 + 17) & 255
def text(x): return x + " of text"
def table(x): return TABLE[x]
def calls(x): return table(x) + math.pi
def default(x, scale=SCALE): return x * scale
def made(x):
    many = int("1103515245")
    return [x * many for _ in range(3)]
def times(scale):
    def scaled(x): return x * scale
    return scaled
closes = times(SCALE)
part = functools.partial(default, scale=SCALE)
class Call:
    def __call__(self, x): return TABLE[x]
instance = Call()
"""


def _compiled_now(folder: Path) -> Path:
    """Return a copy of the measured side without a bytecode cache.

    A build with the GIL may have written the cache, since both builds of a version share it: its constants are counted.
    """
    return Path(shutil.copytree(CELL, folder / "cell", ignore=shutil.ignore_patterns("__pycache__")))


def _ask(
    executable: str, script: str, *arguments: str, cell: Path = CELL, **variables: str
) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [executable, "-c", LOAD.replace(str(CELL), str(cell)) + script, *arguments],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert not done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


LINES = {"the object of breakeven_cell.patterns.pipeline.Queued.put"}
"""What two stages of a pipeline share on purpose: the queue between them."""


@FREE_THREADED
def test_workers_share_nothing_that_is_counted(executable: str, tmp_path: Path) -> None:
    """Two threads that do any of the built-in work in any pattern load no object of the other that is counted, but where that is the work."""
    said = _ask(
        executable,
        LISTS_WHAT_WORKERS_SHARE,
        str(tmp_path),
        cell=_compiled_now(tmp_path),
        PYTHONDONTWRITEBYTECODE="1",
    )
    meant = {case: roles.pop() for case, roles in said.items() if " Contention " in case}
    assert {case: roles for case, roles in said.items() if set(roles) - LINES} == {}
    assert {case for case, declared in meant.items() if declared} == {
        case for case in meant if " shared_" in case or " thread_local" in case
    }
    assert len(said) > 30


@FREE_THREADED
def test_what_a_users_function_shares_is_named(executable: str, tmp_path: Path) -> None:
    """Constants, globals of any module, defaults, what is closed over, and the object itself; nothing that is made in a call."""
    (tmp_path / "users.py").write_text(USERS, encoding="utf-8")
    names = ["literal", "small", "text", "table", "calls", "default", "made", "closes", "part", "instance"]
    said = _ask(executable, NAMES_WHAT_A_FUNCTION_SHARES, str(tmp_path), *names, PYTHONDONTWRITEBYTECODE="1")
    assert said == {
        "literal": ["constants of users.literal"],
        "small": [],
        "text": [],
        "table": ["users.TABLE"],
        "calls": ["math.pi", "users.TABLE"],
        "default": ["defaults of users.default"],
        "made": [],
        "closes": ["users.times.<locals>.scaled itself", "scale of users.times.<locals>.scaled"],
        "part": ["partial itself", "arguments of a partial of users.default", "defaults of users.default"],
        "instance": ["Call itself", "users.TABLE"],
    }


@FREE_THREADED
def test_constants_from_a_bytecode_cache_are_not_counted(executable: str, tmp_path: Path) -> None:
    """The same module shares its constants when it is compiled, and no longer when it is loaded from its cache."""
    (tmp_path / "users.py").write_text(USERS, encoding="utf-8")
    ask = functools.partial(_ask, executable, NAMES_WHAT_A_FUNCTION_SHARES, str(tmp_path), "literal")
    assert [ask()["literal"] for _ in range(2)] == [["constants of users.literal"], []]
