"""Stored tables as frames, and estimates from them over the rounds of a cell."""
