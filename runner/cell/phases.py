"""The phases that partition a worker's time, and the codes they are recorded with."""

from __future__ import annotations

STARTUP, SERIALIZE, SEND, WAIT, RECEIVE, DESERIALIZE, COMPUTE, IDLE, TEARDOWN = range(1, 10)

NAMES = (
    "",
    "startup",
    "serialize",
    "send",
    "wait",
    "receive",
    "deserialize",
    "compute",
    "idle",
    "teardown",
)
