"""The format of speedscope: one evented profile a thread, all of which share a list of names.

See `FileFormat.EventedProfile` in speedscope's `src/lib/file-format-spec.ts`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, ClassVar

from breakeven.analysis.traces._abc import COUNTERS, FLOWS, INSTANTS, Format
from breakeven.analysis.traces.events import Counter, Group, Instant, Process, Sample, Slice, Thread
from breakeven.analysis.traces.nesting import edges
from breakeven.base.json_text import json_text

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"
_IN_MEMORY = 2**16
"""Bytes of a profile that are held before they go to a temporary file."""


@dataclass
class _Profile:
    """The events of one thread so far, which grow while those of others are written as well."""

    name: str
    events: IO[bytes]
    start_ns: int = 0
    end_ns: int = 0
    count: int = 0


class Speedscope(Format):
    """Profiles grow in temporary files until their thread is finished; those without a slice are left out."""

    SUFFIX: ClassVar[str] = ".speedscope.json"
    LACKS: ClassVar[tuple[str, ...]] = (FLOWS, INSTANTS, COUNTERS)
    OPEN: ClassVar[str] = (
        "open https://www.speedscope.app and drop the file on it; a thread is a profile of its own"
    )

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._frames: dict[str, int] = {}
        self._growing: dict[int, _Profile] = {}
        self._between = ""
        head = {"$schema": _SCHEMA, "exporter": "breakeven", "activeProfileIndex": 0}
        self._put(json_text(head)[:-1] + ', "profiles": [')

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """End the trace if all went well, and remove the temporary files."""
        try:
            super().__exit__(kind, error, trace)
        finally:
            for profile in self._growing.values():
                profile.events.close()

    def add_group(self, group: Group) -> None:
        """Do nothing: its name is part of those of its processes."""

    def add_process(self, process: Process) -> None:
        """Do nothing: its name is part of those of its threads."""

    def add_thread(self, thread: Thread) -> None:
        """Begin a profile."""
        events = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # closed when it is joined, or by `__exit__`
        self._growing[thread.number] = _Profile(f"{thread.name} ({thread.process.title})", events)

    def add_counter(self, counter: Counter) -> None:
        """Do nothing."""

    def write_slices(self, thread: Thread, slices: Iterable[Slice]) -> None:
        """Write an event for each beginning and each end."""
        profile = self._growing[thread.number]
        for edge in edges(slices):
            if not profile.count:
                profile.start_ns = edge.at_ns
            frame = self._frames.setdefault(edge.slice.name, len(self._frames))
            comma = "," if profile.count else ""
            kind = "O" if edge.begins else "C"
            profile.events.write(f'{comma}\n{{"type":"{kind}","frame":{frame},"at":{edge.at_ns}}}'.encode())
            profile.end_ns = edge.at_ns
            profile.count += 1

    def write_instants(self, thread: Thread, instants: Iterable[Instant]) -> None:
        """Do nothing: there is no place for marks."""

    def write_samples(self, counter: Counter, samples: Iterable[Sample]) -> None:
        """Do nothing: there is no place for counters."""

    def finish(self, thread: Thread) -> None:
        """Write the profile, and forget it."""
        self._join(thread.number)

    def end(self) -> None:
        """Write the names that the profiles share."""
        for number in [*self._growing]:
            self._join(number)
        names = [{"name": name} for name in self._frames]
        self._put("\n], " + json_text({"shared": {"frames": names}})[1:] + "\n")

    def _join(self, number: int) -> None:
        profile = self._growing.pop(number)
        with profile.events as events:
            if not profile.count:
                return
            about = {
                "type": "evented",
                "name": profile.name,
                "unit": "nanoseconds",
                "startValue": profile.start_ns,
                "endValue": profile.end_ns,
            }
            self._put(f'{self._between}\n{json_text(about)[:-1]}, "events": [')
            events.seek(0)
            shutil.copyfileobj(events, self.file)
            self._put("]}")
            self._between = ","

    def _put(self, content: str) -> None:
        self.file.write(content.encode())
