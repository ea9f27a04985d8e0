"""The key under which a run is stored."""

Key = tuple[str, int]
"""The ``cell_id`` and the round."""
