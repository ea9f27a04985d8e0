"""What a message is as bytes: a header, and the payload as it is if that is bytes, as its pickle if it is not."""

from __future__ import annotations

import pickle
import struct
from typing import Any

from ..phases import DESERIALIZE, SERIALIZE
from ..trace import Recorder

HEADER = struct.Struct("=qqqb")  # task, value, length of what follows, and its kind
PLAIN, PICKLED = 0, 1
JOINED_BYTES = (
    16 * 1024
)  # up to which it takes less time to copy the payload behind its header than to send both
_PROTOCOL = 5


def pack(message: tuple[int, int, Any], recorder: Recorder) -> tuple[bytes, bytes]:
    """Return the header and the payload of a message."""
    task, value, payload = message
    if type(payload) is bytes:
        return HEADER.pack(task, value, len(payload), PLAIN), payload
    data = pickle.dumps(payload, _PROTOCOL)
    recorder.mark(SERIALIZE)
    return HEADER.pack(task, value, len(data), PICKLED), data


def unpickle(data: Any, recorder: Recorder) -> Any:
    """Return the object that travelled as its pickle."""
    found = pickle.loads(data)  # noqa: S301  # a message between our own processes
    recorder.mark(DESERIALIZE)
    return found
