"""One run: start workers, measure trials, join the workers, and write the result to the run's folder.

In: a `Specification`. Out: ``result.json``, a `Result`, and ``trace.bin`` in the specification's folder. The
trace holds, for every lane of every traced trial, its stamps, its codes and its tasks; the result says where
each begins. Checksums show whether both are intact: the result's is its first line, the trace's is part of
the result.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Any
from zlib import crc32

from . import channels, feasibility, models, patterns, workloads
from .affinity import cpu_of_parent, cpus_for, pinned
from .board import PID, Geometry
from .compatibility import pickles_payloads
from .description import describe_inputs, describe_interpreter, describe_workers, shared_counted
from .errors import InputsUnusable, plural
from .facts import clock_step_ns
from .first_calls import FirstCalls, observe
from .inputs import Inputs
from .models import Model
from .models._abc import CrewSettings
from .modules import leave_out_present, users_files
from .off_heap import age_heap
from .patterns._abc import Knobs, Pattern
from .policies import Policies
from .recording import Recording
from .records import to_json
from .reference import Reference
from .result import RESULT, TRACE, Result
from .sampling import REL_CI, Sampler, Series
from .search_path import extend_path
from .spaces import PARENTS_THREAD
from .specification import Specification
from .stacks import deferred
from .travel import refuse_unpicklable
from .worker import Work
from .workloads._abc import Sizes, Workload

BOARD = "board"
_MARKS_PER_TASK = 8
_MARKS_APART = 64
_YOUNG = 1  # the oldest of the generations that hold what was made lately


def execute(specification: Specification, *, in_place: bool = False) -> None:
    """Carry out a run; raise what the task raises, FirstCallFailed, WrongResult or WorkersMissing.

    Before workers are forked, the first calls are made in a process apart, unless ``in_place`` (see `observe`).
    """
    if in_place:
        leave_out_present()
    prepare_imports(specification)
    step = clock_step_ns()
    work, inputs, seen = _prepare(specification, in_place=in_place)
    work.policies.apply()
    pattern, workload = work.pattern, work.workload
    board = work.geometry.create()
    settings = _crew_settings(specification, pattern.message_bytes(seen.largest_bytes, seen.whole_bytes))
    pattern.begin()
    crew = models.load(specification.model)(settings, work, board)
    with Summed(io.FileIO(os.path.join(specification.folder, TRACE), "wb")) as trace:
        recording = Recording(board, trace)
        with _abandoned_on_error(crew):
            if pattern.EQUIPPED:
                pattern.equip(crew.primitives)
            _start(crew)  # before the parent is pinned: all workers would start on its CPU
            with pinned(_parents_cpu(specification, work), helpers=crew.apart):
                with pattern.aside():  # no worker is made later: its calls reach none
                    reference = Reference(workload, inputs, seen.task_ns)
                crew.prepare(inputs.all_shared)
                sampler = Sampler(pattern, reference, crew, work.cpus, specification.measure)
                age_heap()
                cpus = _sample(specification, sampler, recording)
            workers, parent = describe_workers(crew, recording.seats(sampler.series.dropped))
    crew.stop()
    result = Result(
        **_of_trials(recording, sampler.series),
        workers=workers,
        parent=parent,
        lifetimes=crew.lifetimes(),
        facts=describe_interpreter(step, names_build=specification.names_build)._replace(
            shared_counted=shared_counted(crew, reference),
            modules=users_files() if workload.FOREIGN else (),
        ),
        cpus=cpus,
        task_ns=seen.task_ns,
        first_call_ns=seen.first_ns,
        changes=seen.changes,
        cached=workload.answers_from_cache(),
        bytes_in=reference.bytes_in,
        bytes_back=reference.bytes_back,
        inputs=describe_inputs(reference) if workload.lists else None,
        trace_crc32=trace.crc32,
        channel_costs=crew.channel_costs,
    )
    write(os.path.join(specification.folder, RESULT), to_json(result).encode())


def _start(crew: Model) -> None:
    """Start the workers, and wait until all are ready.

    What the run itself has made is collected before. Otherwise a collection falls into the start, always at the same
    point, and copies each page that it writes to, since a forked worker shares it: 0.5 ms of 3.
    """
    gc.collect(_YOUNG)
    with deferred():
        crew.start()
    crew.synchronize(traced=False)


def _prepare(specification: Specification, *, in_place: bool) -> tuple[Work, Inputs, FirstCalls]:
    """Make the work and call the task for the first time; refuse what cannot be carried out."""
    pattern = make_pattern(specification)
    workload = make_workload(specification, pattern)
    pattern.verification = workload.verification()
    model = models.load(specification.model)
    apart = model.forks(specification.start_method, specification.model_options) and not in_place
    seen, inputs = observe(workload, apart=apart, known_ns=specification.known_ns)
    if workload.FOREIGN:
        pattern.turns = inputs.count
    _refuse_part(specification, workload, inputs)
    feasibility.check(specification, seen.task_ns)
    work = _work(specification, pattern, workload, inputs, seen.task_ns)
    _check_travel(specification, work, seen)
    return work, inputs, seen


def _refuse_part(specification: Specification, workload: Workload, inputs: Inputs) -> None:
    """Raise InputsUnusable if a trial would do only a part of the inputs that the user gives."""
    if workload.lists and specification.pattern in ("map", "pipeline") and specification.tasks % inputs.count:
        raise InputsUnusable(
            f"workload.inputs={specification.workload_options['inputs']}: gives {plural(inputs.count, 'input')} now, and a trial of "
            f"{plural(specification.tasks, 'task')} does each equally often only if their number is the same each time; make it so"
        )


def _parents_cpu(specification: Specification, work: Work) -> tuple[int, ...]:
    """Return the CPU to pin the parent to, which is the first worker's if it is itself what works."""
    if models.load(specification.model).space(specification.model_options) in PARENTS_THREAD:
        return work.cpus[:1]
    return cpu_of_parent(specification.affinity, work.cpus, specification.workers)


def uses_multiprocessing(specification: Specification) -> bool:
    """Return whether the run's model or channel has loaded multiprocessing, or a user's function may use it.

    It takes 12 ms to load, which a program of threads does not spend.
    """
    models.load(specification.model)
    if specification.ipc in channels.REGISTRY:
        channels.load(specification.ipc)
    return workloads.load(specification.workload).FOREIGN or "multiprocessing" in sys.modules


def prepare_imports(specification: Specification) -> None:
    """Make the user's modules importable, and those of the standard library first."""
    extend_path(_users_path(specification))
    if uses_multiprocessing(specification):
        from .spawning import search_library_first  # noqa: PLC0415  # loads multiprocessing

        search_library_first()


@contextmanager
def _abandoned_on_error(crew: Model) -> Iterator[None]:
    try:
        yield
    except BaseException:
        crew.abandon()
        raise


def _of_trials(recording: Recording, series: Series) -> dict[str, Any]:
    """Return the fields of the result that the trials fill."""
    return {
        "trials": recording.trials(series.dropped),
        "activity": tuple(recording.activity),
        "lanes": recording.lanes(series.dropped),
        "observations": tuple(recording.observations),
        "round_trips": recording.round_trips(series.dropped, by_rule=series.stopped_by == REL_CI),
        "n_warmup": series.dropped,
        "warmup_ended_by": series.warmed_by,
        "stopped_by": series.stopped_by,
    }


class Summed(io.BufferedWriter):
    """A file that keeps the checksum of what was written through it, whatever others write there."""

    crc32 = 0

    def write(self, data: Any) -> int:
        """Write, and update the checksum."""
        self.crc32 = crc32(data, self.crc32)
        return super().write(data)


def write(path: str, text: bytes) -> None:
    """Write a result, its checksum in the first line."""
    with open(path, "wb") as file:
        file.write(b"%08x\n%b" % (crc32(text), text))


def _sample(specification: Specification, sampler: Sampler, recording: Recording) -> int:
    """Measure once all workers are ready; return the number of CPUs that the counts cover."""
    crew = sampler.crew
    with _watched(crew), closing(crew.meter()) as meter:
        for trial in sampler.trials(f"{specification.seed}/{specification.round}", meter):
            recording.keep(trial, sampler.reference)
        return meter.machine.cpus


def _watched(crew: Model) -> AbstractContextManager[None]:
    """Watch the workers that are processes, if they last."""
    if not (crew.apart and crew.lasting):
        return nullcontext()
    from . import watchdog  # noqa: PLC0415  # loads multiprocessing

    lanes = [crew.board.lane(worker) for worker in range(crew.settings.workers)]
    pool = crew.TRANSPORT is not None  # a pool would replace a worker that ended, or wait for it
    return watchdog.over([lane.header[PID] for lane in lanes], pool=pool)


def make_pattern(specification: Specification) -> Pattern:
    """Return the pattern with the knobs of the cell."""
    knobs = Knobs(specification.workers, specification.tasks, specification.window_ns)
    kind = patterns.load(specification.pattern).form(specification.pattern_options)
    pattern = kind(specification.pattern_options, knobs)
    pattern.seed = f"{specification.seed}/{specification.round}"
    return pattern


def _users_path(specification: Specification) -> tuple[str, ...]:
    """Return the folders of the user's modules; none if the run imports none, so that they cannot hide anything."""
    kind = workloads.load(specification.workload)
    return specification.path if kind.imports(specification.workload_options) else ()


def make_workload(specification: Specification, pattern: Pattern) -> Workload:
    """Return the workload with its amount of work; a pattern that echoes has one of its own."""
    kind = pattern.stand_in() if pattern.ECHOES else workloads.load(specification.workload)
    sizes = Sizes(specification.payload_bytes, specification.payload_out_bytes)
    workload = kind(specification.workload_options, sizes, specification.seed)
    workload.folder = specification.path[0] if specification.path else os.getcwd()
    workload.task_ns = specification.task_ns
    workload.take, workload.drawn_by = specification.take, f"{specification.seed}/{specification.round}"
    if kind.LENGTH:
        known = specification.amount
        workload.amount = workload.calibrate(specification.task_ns) if known is None else known
    return workload


def _work(
    specification: Specification, pattern: Pattern, workload: Workload, inputs: Inputs, task_ns: int
) -> Work:
    most = pattern.most_tasks(task_ns)
    geometry = Geometry(
        path=os.path.join(specification.folder, BOARD),
        workers=specification.workers,
        marks=most * _MARKS_PER_TASK + _MARKS_APART,
        tasks=most + 1,
    )
    return Work(
        pattern=pattern,
        workload=workload,
        geometry=geometry,
        cpus=cpus_for(specification.affinity),
        path=_users_path(specification),
        fresh=inputs if inputs.templates is not None and pattern.repeats(task_ns) else None,
        repeats=pattern.repeats(task_ns),
        policies=Policies(specification.switch_interval_ns, specification.gc),
    )


def _check_travel(specification: Specification, work: Work, seen: FirstCalls) -> None:
    """Raise NotPicklable if an input or a result has no pickle and needs one."""
    if not pickles_payloads(specification.model, specification.ipc, specification.model_options):
        return
    model = models.load(specification.model)
    inherited = work.fresh is not None and model.inherits(specification.start_method)
    if not inherited:
        refuse_unpicklable("input", seen.bad_input)
    refuse_unpicklable("result", seen.bad_result)


def _crew_settings(specification: Specification, message_bytes: int) -> CrewSettings:
    return CrewSettings(
        workers=specification.workers,
        start_method=specification.start_method,
        options=specification.model_options,
        ipc=specification.ipc,
        ipc_options=specification.ipc_options,
        message_bytes=message_bytes,
        name=os.path.basename(specification.folder),
    )
