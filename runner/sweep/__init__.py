"""A sweep under way: one run after another is made, stored and reported, until it is done or stopped."""
