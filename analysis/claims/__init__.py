"""Twenty claims about threads and processes, each with its rule, and what a sweep says of it."""

from __future__ import annotations

from breakeven.analysis.claims import (
    builds,
    gains,
    native,
    passing,
    races,
    starting,
    transport,
    turns,
    waiting,
)
from breakeven.analysis.claims.claim import Claim

__all__ = ["CLAIMS", "Claim"]

CLAIMS: dict[str, Claim] = {
    claim.id: claim
    for claim in (
        turns.C01,
        turns.C02,
        turns.C03,
        gains.C04,
        transport.C05,
        starting.C06,
        waiting.C07,
        waiting.C08,
        turns.C09,
        builds.C10,
        passing.C11,
        races.C12,
        transport.C13,
        transport.C14,
        passing.C15,
        native.C16,
        races.C17,
        starting.C18,
        passing.C19,
        turns.C20,
    )
}
"""Every claim, by its id."""
