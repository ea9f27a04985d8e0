"""From what was asked to runs in order; nothing has run yet."""
