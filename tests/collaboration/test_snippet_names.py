"""The code that advice writes runs whatever the user's functions are called, and sets workers up as they were measured."""

from __future__ import annotations

import ast
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from breakeven.analysis.advice import templates
from breakeven.analysis.advice.snippet import Call, Given, snippet
from tests import commands

COUNT = 3
ARGS, KWARGS = (float("inf"), ["<CALL>", "<AFTER>"]), {"one": 1, "class": 2, "a b": {"call": None}}
PLAIN = sorted(model for model in templates.CODE if model != "interpreter_pool")  # it needs Python 3.14
ASYNC = sorted({*PLAIN, *templates.AWAITED})
HOOKED = ("serial", "process/pipe", "process/queue", "asyncio")

SHARED = """\
import asyncio, json, os, sys, threading
mine, words, COUNT = threading.local(), json.loads(os.environ["WORDS"]), 3

def define(module, work, before="def"):
    for word in words:
        vars(module)["_work_"] = work
        name = "_anything_" if word in ("class", "None") else word
        exec(f"{before} {name}(*args, **kwargs):\\n    return _work_(*args, **kwargs)", vars(module))
        made = vars(module).pop(name) if name != word else vars(module)[name]
        made.__name__ = made.__qualname__ = word
        setattr(module, word, made)

def doubled(number):
    return 2 * number

def answer(number, *args, **kwargs):
    if words and "later" in sys.modules:
        assert mine.loop is asyncio.get_running_loop()
    return 2 * number, list(args), kwargs, mine.value

def given():
    return range(COUNT)

def start():
    mine.value = 7

def start_on_loop():
    mine.value, mine.loop = 7, asyncio.get_running_loop()

def end():
    with open(os.environ["ENDED"], "a") as file:
        file.write("x")
"""
_DEFINED = {
    "bare": ("doubled", "def"),
    "work": ("answer", "def"),
    "later": ("answer", "async def"),
    "given": ("given", "def"),
    "late_given": ("given", "async def"),
    "start": ("start", "def"),
    "late_start": ("start_on_loop", "async def"),
    "end": ("end", "def"),
    "late_end": ("end", "async def"),
}
MODULES = {
    "shared": SHARED,
    **{
        name: f"import shared as _shared_, sys as _sys_\n"
        f"_shared_.define(_sys_.modules[__name__], _shared_.{work}, {define!r})\n"
        for name, (work, define) in _DEFINED.items()
    },
}
RUNNER = """\
import json, runpy, sys
found = {}
for name, file in json.load(open("programs.json")).items():
    try:
        found[name] = runpy.run_path(file, run_name="__main__")["results"]
    except BaseException as error:
        found[name] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""


def _call(word: str, model: str, manner: str) -> Call:
    """Return a call of which all that is the user's own has one name, each in another module."""
    model, _, ipc = model.partition("/")
    method = "fork" if "p" in model and "asyncio" not in model else None
    inputs = Given(inputs=f"given:{word}", makes=True)
    call = Call(f"bare:{word}", model, 2, None, method, sys.version_info[:2], ipc=ipc, given=inputs)
    hooked = replace(inputs, args=ARGS, kwargs=KWARGS, before=f"start:{word}", after=f"end:{word}")
    late = replace(
        hooked,
        inputs=f"late_given:{word}",
        before=f"late_start:{word}",
        after=f"late_end:{word}",
        awaits=True,
        awaited=("before", "after", "inputs"),
    )
    return {
        "bare": call,
        "hooked": replace(call, function=f"work:{word}", given=hooked),
        "late": replace(call, function=f"later:{word}", given=late),
        "late hooks": replace(call, function=f"work:{word}", given=replace(late, awaits=False)),
    }[manner]


def _words(model: str, manner: str) -> list[str]:
    """Return every name in a program, some that Python has, and a keyword: a module can have such a name as well."""
    nodes = [*ast.walk(ast.parse("\n".join(snippet(_call("plain", model, manner)))))]
    names = {getattr(node, kind, None) for node in nodes for kind in ("id", "name", "arg")}
    found = {name for name in names if isinstance(name, str) and name.isidentifier()}
    return sorted({*found, "work", "given_work", "float", "pkgutil", "class"})


def _run(folder: Path, programs: dict[str, list[str]]) -> tuple[dict[str, object], int]:
    """Run programs one after the other; return the results of each, and how often they tore down."""
    for name, text in MODULES.items():
        (folder / f"{name}.py").write_text(text)
    for number, lines in enumerate(programs.values()):
        (folder / f"program_{number}.py").write_text("\n".join(lines))
    files = {word: f"program_{number}.py" for number, word in enumerate(programs)}
    (folder / "programs.json").write_text(json.dumps(files))
    (folder / "runner.py").write_text(RUNNER)
    variables = {
        "WORDS": json.dumps(list(programs)),
        "ENDED": str(folder / "ended"),
        "PYTHONPATH": str(folder),
    }
    done = commands.run([sys.executable, "runner.py"], folder, variables)
    assert (done.returncode, done.stderr) == (0, "")
    ended = folder / "ended"
    return json.loads(done.stdout), len(ended.read_text()) if ended.exists() else 0


@pytest.mark.parametrize(
    ("model", "manner"),
    [
        *((model, "bare") for model in PLAIN),
        *((model, "hooked") for model in PLAIN),
        *((model, "late hooks") for model in PLAIN),
        *((model, "late") for model in ASYNC),
    ],
)
def test_the_code_runs_whatever_names_are_in_it(tmp_path: Path, model: str, manner: str) -> None:
    """The function, what gives the inputs and both hooks have the same name, which the program has as well.

    Functions find what the hook before set up in their worker, and the loop on which it ran.
    """
    words = _words(model, manner)
    results, ended = _run(tmp_path, {word: snippet(_call(word, model, manner)) for word in words})
    whole = [[2 * number, json.loads(json.dumps(ARGS)), KWARGS, 7] for number in range(COUNT)]
    expected = [2 * number for number in range(COUNT)] if manner == "bare" else whole
    expected = json.loads(json.dumps(expected))
    assert {word: found for word, found in results.items() if found != expected} == {}
    workers = 2 if model.startswith("process/") else 1
    assert ended == (len(words) * workers if model in HOOKED and manner != "bare" else 0)


@pytest.mark.parametrize("model", sorted(set(PLAIN) - set(HOOKED)))
def test_the_code_says_what_it_cannot_call(model: str) -> None:
    """Pools have no place for what their workers called after a trial."""
    comment = "# a worker called end_plain() after each trial; these workers call nothing at their end"
    assert comment in snippet(_call("plain", model, "hooked"))
    assert not any("after each trial" in line for line in snippet(_call("plain", model, "bare")))
