"""From composed configurations to an ordered list of runs; nothing runs here."""
