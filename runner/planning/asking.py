"""Ask an interpreter a question in a process of its own, which may do anything: it is watched, limited and ended."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter

from breakeven.runner.cell.stacks import ASK

_STEP_S = 0.05
_ORDERLY_S = 2.0  # for what a module registered to be called at exit
_STACKS_S = 1.0
_READ = 1 << 16
_MOST_SAID = 16 << 10


@dataclass
class Heard:
    """What a process answered, its last output, and how it ended: None if it had to be ended at the limit."""

    answer: bytes = b""
    said: bytes = b""
    code: int | None = None

    @property
    def lines(self) -> list[str]:
        """Return the complete lines of the answer."""
        return self.answer.decode(errors="replace").split("\n")[:-1]

    @property
    def text(self) -> str:
        """Return the last output as text."""
        return self.said.decode(errors="replace")


@dataclass
class Conversation:
    """A process that is asked, in a session of its own, and what it answered."""

    process: subprocess.Popen[bytes]
    answer: int
    heard: Heard = field(default_factory=Heard)

    def __post_init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.answer, selectors.EVENT_READ)
        if self.process.stdout is not None:
            self.selector.register(self.process.stdout.fileno(), selectors.EVENT_READ)

    def listen(self, seconds: float, done: Callable[[Heard], bool]) -> bool:
        """Listen until ``done`` or until the process ended; return whether that was in time."""
        until = perf_counter() + seconds
        while not done(self.heard):
            ended = self.process.poll() is not None
            if not self._read(0 if ended else _STEP_S) and ended:
                break
            if perf_counter() > until:
                return False
        return True

    def _read(self, seconds: float) -> bool:
        """Read what there is; return whether there was anything. What is closed is not listened to any more."""
        anything = False
        if not self.selector.get_map():  # the process has closed all, or is about to end
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        for key, _ in self.selector.select(seconds if self.selector.get_map() else 0):
            data = os.read(key.fd, _READ)
            if not data:
                self.selector.unregister(key.fileobj)
            elif key.fd == self.answer:
                self.heard.answer += data
            else:
                self.heard.said = (self.heard.said + data)[-_MOST_SAID:]
            anything = anything or bool(data)
        return anything

    def end(self) -> None:
        """End the process and those of its session that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.selector.close()


def ask(
    command: Sequence[str], question: Callable[[int], str], seconds: float, environment: Mapping[str, str]
) -> Heard:
    """Start ``command``, send it ``question`` of the descriptor for the answer, and return what was heard.

    The command runs in an ``environment``.

    The answer is complete when a line of it begins with a brace; the process may then end in order. Nothing
    of the process's session is left, whatever happens here. Raise OSError if it cannot be started.
    """
    reader, writer = os.pipe()
    try:
        process = _start(command, writer, environment)
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    conversation = Conversation(process, reader)
    try:
        _send(process, question(writer))
        return _converse(conversation, seconds)
    finally:
        conversation.end()
        os.close(reader)
        if process.stdout is not None:
            process.stdout.close()


def _start(command: Sequence[str], writer: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(writer,),
        start_new_session=True,
        env=environment,
    )


def _send(process: subprocess.Popen[bytes], text: str) -> None:
    if process.stdin is None:
        raise RuntimeError("the process was started without a pipe to its standard input")
    with suppress(BrokenPipeError), process.stdin as pipe:  # it may end without having read
        pipe.write(text.encode())


def _converse(conversation: Conversation, seconds: float) -> Heard:
    heard, process = conversation.heard, conversation.process
    if conversation.listen(seconds, is_complete):
        conversation.listen(_ORDERLY_S, lambda _: False)
        heard.code = process.poll()
    elif heard.lines:  # the measured side has begun, and so handles the signal
        process.send_signal(ASK)
        conversation.listen(_STACKS_S, lambda _: False)
    return heard


def is_complete(heard: Heard) -> bool:
    """Return whether the whole answer has arrived."""
    return bool(heard.lines) and heard.lines[-1].startswith("{")
