"""The ground floor: what the measuring and the analysing side both need, defined once."""
