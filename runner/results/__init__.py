"""From what a run left behind to rows and Arrow tables."""
