"""At what task length and payload do threads, processes and clusters start to pay? Measured on your machine.

The public interface, for notebooks and scripts:

>>> import breakeven
>>> lab = breakeven.load("outputs/latest")  # doctest: +SKIP
>>> lab.estimates[["speedup", "speedup_low", "speedup_high"]]  # doctest: +SKIP
>>> lab.verdicts[["question", "sentence"]]  # doctest: +SKIP
>>> lab.advice, lab.crossings  # of a race, of a bisection  # doctest: +SKIP
>>> lab.runs, lab.trials, lab.spans(columns=["phase", "duration_ns"])  # doctest: +SKIP
>>> breakeven.compare("label=a", "label=b", within="outputs/mine")  # doctest: +SKIP
>>> breakeven.figures.draw("scaling", lab).savefig("scaling.pdf")  # doctest: +SKIP
>>> breakeven.read_events("outputs/latest/events.jsonl")[-1]["how"]  # doctest: +SKIP

Everything else may change between versions. A name is imported when it is first used, so that the command
starts fast and a notebook pays only for what it uses. Nothing is imported here: ``python -m breakeven`` executes this
file while the working directory, which may hold a ``typing.py``, is still searched before the standard library.
"""

TYPE_CHECKING = False  # a type checker takes it for the one of `typing`

_PUBLIC = {
    "Lab": "breakeven.analysis.lab:Lab",
    "__version__": "breakeven.base.version:__version__",
    "compare": "breakeven.analysis.comparing:compare",
    "figures": "breakeven.analysis.figures",
    "load": "breakeven.analysis.lab:load",
    "read_events": "breakeven.base.events:read_events",
}

__all__ = ["Lab", "__version__", "compare", "figures", "load", "read_events"]

if TYPE_CHECKING:  # for type checkers, which cannot read the table above and reject any other name
    from breakeven.analysis import figures
    from breakeven.analysis.comparing import compare
    from breakeven.analysis.lab import Lab, load
    from breakeven.base.events import read_events
    from breakeven.base.version import __version__
else:

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used; raise AttributeError for any other."""
        if name not in _PUBLIC:
            raise AttributeError(
                f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}"
            )
        from breakeven.base.loading import load  # noqa: PLC0415  # see the docstring of this module

        globals()[name] = load(_PUBLIC[name])
        return globals()[name]


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
