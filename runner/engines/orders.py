"""What an engine sends to a node and what comes back, as bytes: JSON, text and Arrow, nothing that is unpickled."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from breakeven.runner.cell.calibration import CalibrationResult
from breakeven.runner.cell.records import from_json, to_json
from breakeven.runner.engines._abc import Calibrated
from breakeven.runner.errors import NotStored, PlanOutdated
from breakeven.runner.host import Abandoned, Ending
from breakeven.runner.planning.carried import run_from_text, run_to_text
from breakeven.runner.planning.node_facts import NodeFacts
from breakeven.runner.planning.run import Run
from breakeven.runner.results import RunResult

RUN, CALIBRATION, FACTS = "run", "calibration", "facts"
_ENDING, _SEPARATOR = "ending", b"\n"
_FAILURES: dict[str, type[Exception]] = {
    "outdated": PlanOutdated,
    "not stored": NotStored,
    "abandoned": Abandoned,
}
"""What a node could not do, by the word in an answer."""


class NotAnAnswer(ValueError):
    """Raised when bytes are no answer of a node that this version can read; the message is the reason."""


Found = RunResult | Calibrated | NodeFacts
"""What an order comes back with."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """A run to make, or whose task is to be calibrated, for the sweep ``sweep``.

    Or, with any run of an interpreter, a question what the node is and has.

    ``files`` are the user's modules by their path relative to the folder that they are imported from, for a node that
    does not have them.
    """

    kind: str
    run: Run
    sweep: str
    files: Mapping[str, bytes] = field(default_factory=dict)

    def to_text(self) -> str:
        """Return the order as JSON."""
        files = {name: b64encode(content).decode() for name, content in self.files.items()}
        return json.dumps(
            {"kind": self.kind, "run": run_to_text(self.run), "sweep": self.sweep, "files": files}
        )

    @classmethod
    def from_text(cls, text: str) -> Order:
        """Read an order; raise NotARun if its run is of another version."""
        plain = json.loads(text)
        files = {name: b64decode(content) for name, content in plain["files"].items()}
        return cls(kind=plain["kind"], run=run_from_text(plain["run"]), sweep=plain["sweep"], files=files)


def answer_of(found: Found | Exception) -> bytes:
    """Return what a node found as bytes; raise TypeError for an exception that is no failure of a node."""
    if isinstance(found, RunResult):
        return _said(RUN, found.to_bytes())
    if isinstance(found, CalibrationResult):
        return _said(CALIBRATION, to_json(found).encode())
    if isinstance(found, Ending):
        return _said(_ENDING, json.dumps(asdict(found)).encode())
    if isinstance(found, NodeFacts):
        return _said(FACTS, json.dumps(asdict(found)).encode())
    word = next((word for word, kind in _FAILURES.items() if type(found) is kind), None)
    if word is None:
        raise TypeError(f"not an answer: {found!r}")
    return _said(word, str(found).encode(errors="backslashreplace"))


def _said(word: str, content: bytes) -> bytes:
    return word.encode() + _SEPARATOR + content


def read_answer(data: bytes) -> Found:
    """Return what a node found; raise what it raised: PlanOutdated, NotStored, Abandoned.

    Raise NotAnAnswer for other bytes.
    """
    head, separator, content = data.partition(_SEPARATOR)
    word = head.decode(errors="replace")
    if word in _FAILURES and separator:
        raise _FAILURES[word](content.decode(errors="replace"))
    readers: dict[str, Callable[[bytes], Found]] = {
        RUN: RunResult.from_bytes,
        FACTS: _facts,
        CALIBRATION: _calibration,
        _ENDING: _ending,
    }
    if word not in readers:
        raise NotAnAnswer("it does not begin like an answer of a node")
    try:
        return readers[word](content)
    except (ValueError, LookupError, TypeError) as error:
        raise NotAnAnswer(str(error)) from error


def _calibration(content: bytes) -> CalibrationResult:
    return from_json(CalibrationResult, content.decode())


def _facts(content: bytes) -> NodeFacts:
    return NodeFacts(**json.loads(content))


def _ending(content: bytes) -> Ending:
    return Ending(**json.loads(content))
