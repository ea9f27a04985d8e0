"""Stored tables as frames, and what is estimated from them over the rounds of a cell."""
