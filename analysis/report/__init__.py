"""The page of a sweep, in the frame of `analysis.pages`.

It is made from the same verdicts, figures and summary as the screen.
"""
