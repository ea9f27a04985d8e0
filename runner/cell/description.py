"""What a run says of itself beside its trials: interpreter, workers and parent, inputs, what threads share."""

from __future__ import annotations

import os
import sys
from threading import active_count

from .board import COLLECTS, GIL, JIT, PID, PYTHON_THREADS, SWITCHING, THREAD, UNKNOWN
from .facts import gil_enabled, imported_packages, jit_enabled, python_build, python_version
from .memory import own_peak_bytes, page_fault_ns, peak_bytes, proportional_bytes
from .models import Model
from .native import native_libraries, native_threads
from .placement import Seat
from .reference import Reference
from .result import Facts, InputSizes, WorkerRecord
from .spaces import SHARING_OBJECTS


def describe_interpreter(step_ns: int, *, names_build: bool) -> Facts:
    """Return the facts about interpreter and machine; ``step_ns`` is that of the clock.

    Only with ``names_build`` that, which takes modules that no other run needs.
    """
    return Facts(
        python_version=python_version(),
        implementation=sys.implementation.name,
        jit_enabled=jit_enabled(),
        clock_step_ns=step_ns,
        packages=tuple(imported_packages()),
        native_libraries=native_libraries(),
        page_fault_ns=page_fault_ns(),
        python_build=python_build() if names_build else None,
    )


def shared_counted(crew: Model, reference: Reference) -> tuple[str, ...]:
    """Return what workers share and count references to, which slows them down if they are threads without a GIL."""
    shares = crew.space(crew.settings.options) in SHARING_OBJECTS
    if not shares or crew.settings.workers == 1 or gil_enabled():
        return ()
    inputs = reference.inputs
    return crew.work.workload.shared_counted([] if inputs.templates is not None else inputs.originals)


def describe_inputs(reference: Reference) -> InputSizes:
    """Return how many inputs there are and how large, if the sizes of all are known."""
    known = [size for size in reference.sizes_in if size is not None]
    complete = len(known) == len(reference.sizes_in)
    return InputSizes(
        number=len(reference.sizes_in),
        least_bytes=min(known) if complete else None,
        most_bytes=max(known) if complete else None,
    )


def describe_workers(crew: Model, seen: list[Seat]) -> tuple[tuple[WorkerRecord, ...], WorkerRecord]:
    """Return the records of the workers, and that of the parent; ``seen`` is where each was, if it is known."""
    pid = os.getpid()
    *places, place = seen or [Seat()] * (len(crew.offsets) + 1)
    workers = tuple(
        _describe(crew.board.lane(worker).header, pid, offset)._replace(cpu=own.cpu, cpu_share=own.share)
        for worker, (offset, own) in enumerate(zip(crew.offsets, places or [place] * len(crew.offsets)))
    )
    parent = _describe(crew.own, pid, (0, 0))
    return workers, parent._replace(
        gil=gil_enabled(),
        cpu=place.cpu,
        cpu_share=place.share,
        peak_bytes=own_peak_bytes(),
        pss_bytes=proportional_bytes(pid),
        native_threads=native_threads(pid, active_count()),
    )


def _describe(header: memoryview, parent: int, offset: tuple[int, int]) -> WorkerRecord:
    pid = header[PID]
    apart = pid != parent
    return WorkerRecord(
        pid=pid,
        thread_id=header[THREAD],
        gil=bool(header[GIL]),
        jit=None if header[JIT] == UNKNOWN else bool(header[JIT]),
        switch_interval_ns=header[SWITCHING],
        collects=bool(header[COLLECTS]),
        peak_bytes=peak_bytes(pid) if apart else None,
        pss_bytes=proportional_bytes(pid) if apart else None,
        offset=offset,
        native_threads=native_threads(pid, header[PYTHON_THREADS]) if apart else None,
    )
