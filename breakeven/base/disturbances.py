"""What disturbs trials, as `trials` stores it in ``disturbed_by``."""

from __future__ import annotations

STEAL, THROTTLING, FOREIGN, NATIVE = "steal", "throttling", "foreign load", "native threads"
