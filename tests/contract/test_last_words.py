"""Why another program failed, found in what it said: the line that matters, wherever it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.last_words import reason_in, stack_place
from breakeven.base.text import one_line, what_happened

PYENV = """\
pyenv: python3.12: command not found

The `python3.12' command exists in these Python versions:
  3.12.1

Note: See 'pyenv help global' for tips on allowing both
      python2 and python3 to be found.
"""
FRAMES = """\
Traceback (most recent call last):
  File "/home/me/mine.py", line 3, in <module>
    work()
    ~~~~^^
  File "/home/me/mine.py", line 2, in work
    raise ValueError("first\\nsecond")
"""
PLAIN = f"{FRAMES}ValueError: first\nsecond\na note\n"
CAUSE = (
    f"{FRAMES}ValueError: inner\n\nThe above exception was the direct cause of the following exception:\n\n"
    f"{FRAMES}pkg.errors.Outer: outer\n"
)
CONTEXT = (
    f"{FRAMES}KeyError: 'inner'\n\nDuring handling of the above exception, another exception occurred:\n\n"
    f"{FRAMES}RuntimeError\n"
)
IGNORED = f"{PLAIN}Exception ignored in: <function Pool.__del__ at 0x7f>\n{FRAMES}TypeError: late\n"
THREAD = f"Exception in thread Thread-1 (run):\n{FRAMES}OSError: in a thread\n"
AT_EXIT = f"{PLAIN}Error in atexit._run_exitfuncs:\n{FRAMES}ZeroDivisionError: division by zero\n"
WARNED = (
    f"{PLAIN}/usr/lib/python3/x.py:224: UserWarning: resource_tracker: 1 leaked\n  warnings.warn('leaked')\n"
)
SYNTAX = '  File "/x/__main__.py", line 30\n    def f() -> None:\n           ^\nSyntaxError: invalid syntax\n'
GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/home/me/mine.py", line 1, in <module>
  |     raise ExceptionGroup("many", [ValueError(1)])
  | ExceptionGroup: many (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/home/me/mine.py", line 1, in <module>
    | ValueError: 1
    +------------------------------------
"""
CRASH = """\
Fatal Python error: Segmentation fault

Thread 0x00007f1 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 324 in wait

Current thread 0x00007f2 (most recent call first):
  File "/usr/lib/python3.11/ctypes/__init__.py", line 519 in string_at
  File "/home/me/mine.py", line 7 in work
  File "/home/me/mine.py", line 9 in <module>

Extension modules: numpy (total: 1)
"""

SAID = {
    "nothing": ("", ""),
    "blank": ("\n  \n", ""),
    "pyenv": (PYENV, "pyenv: python3.12: command not found"),
    "shell": ("./wrap: line 2: exec: python9: not found\n", "./wrap: line 2: exec: python9: not found"),
    "loader": (
        "python: error while loading shared libraries: libx.so\n",
        "python: error while loading shared libraries: libx.so",
    ),
    "rules": ("=====\n-----\nIt is over\nbye\n", "It is over"),
    "complaint behind talk": ("loading\n50 %\nfatal: no licence\nbye\n", "fatal: no licence"),
    "warning first": (
        "/a/b.py:3: DeprecationWarning: old\n  import old\nwrapper: permission denied\n",
        "wrapper: permission denied",
    ),
    "exception": (PLAIN, "ValueError: first"),
    "cause": (CAUSE, "pkg.errors.Outer: outer"),
    "context": (CONTEXT, "RuntimeError"),
    "finalizer after it": (IGNORED, "ValueError: first"),
    "atexit after it": (AT_EXIT, "ValueError: first"),
    "warning after it": (WARNED, "ValueError: first"),
    "only a thread": (THREAD, "OSError: in a thread"),
    "group": (GROUP, "ExceptionGroup: many (1 sub-exception)"),
    "syntax": (SYNTAX, "SyntaxError: invalid syntax"),
    "beginning cut off": ('    raise\n  File "a", line 1\nTypeError: x\nmore\n', "TypeError: x"),
    "talk around it": (f"starting\n{PLAIN}done\n", "ValueError: first"),
    "crash": (CRASH, "Fatal Python error: Segmentation fault at mine.py:7 in work"),
}


@pytest.mark.parametrize(("said", "reason"), SAID.values(), ids=SAID)
def test_the_reason_is_the_line_that_matters(said: str, reason: str) -> None:
    """Not the last line, which is a tip, a note, a rule, a warning or somebody else's exception."""
    assert reason_in(said, "/home/me") == reason


def test_a_crash_outside_the_users_files_is_placed_as_well() -> None:
    """At the innermost call of the thread that crashed."""
    assert stack_place(CRASH) == "__init__.py:519 in string_at"
    assert stack_place("nothing of the kind") == ""


@given(st.text(), st.text(max_size=20))
def test_any_text_has_one_line_at_most(said: str, folder: str) -> None:
    """It is one of the text's own, and there is one if anything was said."""
    reason = reason_in(said, folder)
    assert len(reason.splitlines()) <= 1
    assert reason in said
    assert bool(reason) or not any(map(str.isalnum, said)) or "arning" in said


@given(st.lists(st.sampled_from([PLAIN, CAUSE, CONTEXT]), min_size=1), st.sampled_from([IGNORED, AT_EXIT]))
def test_the_last_exception_of_the_program_itself_counts(before: list[str], last: str) -> None:
    """However many came before, and whatever its finalizers raised."""
    assert reason_in("".join(before) + last) == "ValueError: first"


def test_a_reason_in_one_line_names_the_exception() -> None:
    """Its first line, and the exception without its notes and further lines."""
    assert (
        one_line(f"task 3 raised in a worker:\n{PLAIN}") == "task 3 raised in a worker: ... ValueError: first"
    )
    assert what_happened(f"task 3 raised in a worker:\n{PLAIN}") == "ValueError: first"
    assert (
        what_happened("ValueError: first\nsecond (a.py:1 in f)")
        == "ValueError: first ... second (a.py:1 in f)"
    )
    assert one_line("first\nsecond\nlast") == "first ... last"
    assert one_line("alone\n") == "alone"
