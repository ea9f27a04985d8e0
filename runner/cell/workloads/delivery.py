"""No work at all: messages that go one way. Used by the pattern stream, whatever workload is configured."""

from __future__ import annotations

from typing import Any

from ._abc import Task, Workload

_TAG_BYTES = 4
WRONG = -1


class Delivery(Workload):
    """Takes a payload and returns which of the inputs it is, else `WRONG`: every byte is compared."""

    LENGTH = False

    def open(self) -> Task:
        """Return the task; it compares with payloads that it made itself."""
        expected = [bytearray(payload) for payload in self.inputs()]  # which compares with any bytes at once
        several = len(expected) > 1

        def take(payload: Any) -> tuple[int, bytes]:
            place = int.from_bytes(payload[:_TAG_BYTES], "little") if several else 0
            right = place < len(expected) and expected[place] == payload
            return place if right else WRONG, b""

        return take


class Production(Delivery):
    """Takes a request, which names one of the payloads, and returns that payload."""

    def open(self) -> Task:
        """Return the task; it has made the payloads itself."""
        payloads = super().inputs()

        def make(request: Any) -> tuple[int, bytes]:
            place = int.from_bytes(request, "little")
            return place, payloads[place]

        return make

    def inputs(self) -> list[Any]:
        """Return a request for each payload."""
        return [place.to_bytes(_TAG_BYTES, "little") for place in range(len(super().inputs()))]


class Parcels(Delivery):
    """Takes a payload as `Delivery` does.

    Takes the number of a message, and returns which of the payloads that has, and it.
    """

    def open(self) -> Task:
        """Return the task of both ends."""
        take, payloads = super().open(), self.inputs()
        kinds = len(payloads)

        def handle(given: Any) -> tuple[int, Any]:
            if type(given) is int:
                return given % kinds, payloads[given % kinds]
            return take(given)

        return handle
