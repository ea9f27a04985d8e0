"""The frame of pages to send to a colleague: one self-contained HTML file each, whatever it is about.

`page` makes the document, its policy, its style and its scripts, and its templates escape every text; `embedded` writes
what scripts read, `files` the file. The other modules are parts that several pages have: `statements`, `strips`,
`sheets`, `points` to explore, `drawings`, and `provenance`. What a page says is described in the room of what it is
about.
"""
