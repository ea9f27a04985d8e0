"""The two requests to the measured process, as JSON: do a run or calibrate its task, or check functions."""

from __future__ import annotations

import json
import os
import sys
from errno import ENOSPC
from typing import Union

from . import failures
from .errors import FirstCallFailed, TimeTooShort
from .failures import EXIT_FAILED
from .parent_death import die_with_parent
from .question import Question
from .records import from_plain
from .run import execute, uses_multiprocessing
from .signals import accept_termination
from .space import how_full
from .specification import Specification

EXIT_ORPHANED, EXIT_TOO_LONG = 4, 5


def answer(text: str) -> int:
    """Carry out the request and return the exit code; raise BadRecord."""
    if not text:  # the runner ended before it asked, or needs this interpreter no longer
        return EXIT_ORPHANED
    request = _read(text)
    if isinstance(request, Question):
        from .check import check  # noqa: PLC0415  # what measures needs none of it

        return check(request)
    accept_termination()
    die_with_parent()
    if os.getppid() != request.parent:
        return EXIT_ORPHANED
    failures.measure_in(request.folder)
    try:
        if uses_multiprocessing(request):
            _prepare_multiprocessing(os.path.basename(request.folder))
        _carry_out(request)
    except BaseException as error:  # noqa: BLE001  # the user's function may raise anything; it is the run's ending
        from .remedies import reason  # noqa: PLC0415  # only when a run failed

        full = how_full(request.folder) if getattr(error, "errno", 0) == ENOSPC else ""
        code = EXIT_TOO_LONG if isinstance(error, TimeTooShort) else EXIT_FAILED
        whole = error.traceback_text if isinstance(error, FirstCallFailed) else failures.describe(error)
        failures.end_run(reason(error) + full, whole, code)
    return 0


def _carry_out(request: Specification) -> None:
    if not request.calibrates:
        return execute(request)
    from .calibrating import calibrate  # noqa: PLC0415  # what measures needs none of it

    return calibrate(request)


def _read(text: str) -> Union[Question, Specification]:
    plain = json.loads(text)
    return from_plain(Question, plain) if "targets" in plain else from_plain(Specification, plain)


def _prepare_multiprocessing(run: str) -> None:
    from .leaving import leave_nothing_behind  # noqa: PLC0415  # only if it is loaded already, or a function may load it

    name_semaphores(run)
    leave_nothing_behind(worker=False)


def name_semaphores(run: str) -> None:
    """Name the semaphores of this process and its workers after the run, so that a cleanup recognises them.

    `multiprocessing` registers one with its resource tracker only after creating it. Not where names are
    short (macOS).
    """
    from multiprocessing import current_process  # noqa: PLC0415  # as above

    if sys.platform == "linux":
        current_process()._config["semprefix"] = f"/{run}"  # type: ignore[attr-defined]  # noqa: SLF001  # no other way
