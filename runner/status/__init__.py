"""How a sweep stands, read from its folder: its events, its stored runs and who writes it."""
