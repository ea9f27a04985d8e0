"""Rules that choose the next run of a search, and say what follows from the runs so far: pure functions of numbers.

`runner.sweep` asks them while it measures; `analysis.advice` asks them again about what was stored, so that the answer
follows from the files alone.
"""
