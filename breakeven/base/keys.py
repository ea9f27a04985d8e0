"""What a run is stored under."""

Key = tuple[str, int]
"""The ``cell_id`` and the round."""
