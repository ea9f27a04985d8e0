"""Channels: how payloads travel between the parent and its workers."""

from __future__ import annotations

from ..registry import member
from ._abc import Channel

REGISTRY = {
    "reference": "reference:Reference",
    "queue": "queue:Queue",
    "simple_queue": "simple_queue:SimpleQueue",
    "pipe": "pipe:Pipe",
    "shared_memory": "shared_memory:SharedMemory",
    "mmap": "mmap:Mmap",
    "array": "array:Array",
    "pickle5": "pickle5:Pickle5",
    "asyncio_queue": "asyncio_queue:AsyncioQueue",
    "os_pipe": "os_pipe:OsPipe",
    "socketpair": "socketpair:SocketPair",
    "tcp": "tcp:Tcp",
    "unix_socket": "unix_socket:UnixSocket",
    "manager": "manager:Manager",
    "deque": "deque:Deque",
    "zeromq": "zeromq:ZeroMq",
    "arrow": "arrow:Arrow",
    "interpreter_queue": "interpreter_queue:InterpreterQueue",
    "shared_view": "shared_view:SharedView",
}


def load(name: str) -> type[Channel]:
    """Return the class registered as ``name``; raise KeyError if there is none."""
    found: type[Channel] = member(__name__, REGISTRY, name)
    return found


__all__ = ["REGISTRY", "Channel", "load"]
