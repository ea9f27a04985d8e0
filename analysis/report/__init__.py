"""The page of a sweep: what it says in the frame of `analysis.pages`, from the same verdicts, figures and summary as the screen."""
