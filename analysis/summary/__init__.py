"""A sweep on one screen: its cells, what to know before believing them, what to type next."""
