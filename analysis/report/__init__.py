"""Pages to send to a colleague: one self-contained HTML file each.

`page` is the frame of every page: the document, its policy, its style, its scripts. `sweep` is what a sweep says in it;
`explorer`, `drawings`, `strips`, `cells` and `provenance` make its parts. Texts from data are escaped in one place, by the
templates; `embedded` writes what scripts read.
"""
