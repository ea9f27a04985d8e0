"""The candidates of a race, the best first: how much faster each is, with what is known of it."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from breakeven.analysis.advice import advice_table, advise
from breakeven.analysis.advice.advice import WORDS, Advice
from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.disturbed import describe_disturbed, draw_hollow
from breakeven.analysis.figures.look import (
    GREY,
    Style,
    finish,
    look,
    new_figure,
    place_legend,
    split_errors,
    thinned,
)
from breakeven.analysis.figures.style import PALETTE
from breakeven.analysis.figures.texts import wrap_label
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_ratio, plural
from breakeven.search.race import EQUAL, FAILED, LEADER, OPEN, WORSE

_MOST = 24
"""The most candidates that are drawn."""
_ROW = 0.36  # inches
_SHOWN = (LEADER, EQUAL, OPEN, WORSE, FAILED)
_COLOURS = dict(zip(_SHOWN, (2, 0, 1, 7, 3), strict=True))  # of the palette: green, blue, orange, grey, red
_MARKERS = dict(zip(_SHOWN, ("D", "o", "s", "o", "X"), strict=True))


def frame(lab: Lab) -> pd.DataFrame:
    """Return one row per candidate that was measured, the best first, as in ``advice.parquet``; raise NothingToDraw."""
    advice = advise(lab)
    if advice is None:
        raise NothingToDraw("the sweep was no race: breakeven advise and hydra/sweeper=race make one")
    found = advice_table(advice)
    measured = found[found["runs"].gt(0)].assign(title=_title(advice), about=_about(advice))
    if measured.empty:
        raise NothingToDraw("no candidate was measured")
    disturbed = lab.estimates["pairs_disturbed"].reindex(measured["cell_id"]).to_numpy()
    return measured.assign(pairs_disturbed=disturbed).reset_index(drop=True)


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw a row for each candidate, and a line where the serial program is."""
    shown = frame.head(_MOST)
    with look():
        body = new_figure(9.0, 1.5 + _ROW * len(shown))
        axes = body.subplots()
        for place, (_, row) in enumerate(shown.iterrows()):
            word = next(word for word, text in WORDS.items() if text == row["stands"])
            point = shown.iloc[[place]]
            style = Style(PALETTE[_COLOURS[word]], _MARKERS[word], "-")
            axes.errorbar(
                point["speedup"],
                [place],
                xerr=split_errors(point, "speedup"),
                color=style.color,
                marker=style.marker,
                linestyle="none",
                markersize=6.5,
                capsize=3,
                zorder=3,
            )
            draw_hollow(axes, point["speedup"], [place], point, style)
        axes.axvline(1.0, color=GREY, linestyle="--", linewidth=1.0)
        axes.set_yticks(range(len(shown)), [wrap_label(name) for name in shown["name"]])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_xlim(left=min(0.0, float(shown["speedup_low"].min())))
        axes.set_xlabel("speedup over the serial program")
        there = [word for word in _SHOWN if WORDS[word] in set(shown["stands"])]
        place_legend(body, [*(_handle(word) for word in there), _serial()])
        notes = thinned(len(shown), len(frame), "candidates")
        sample = (*notes, str(frame["about"].iloc[0]), *describe_disturbed(shown))
        return finish(body, str(frame["title"].iloc[0]), context, *sample)


def _handle(word: str) -> Line2D:
    return Line2D(
        [], [], color=PALETTE[_COLOURS[word]], marker=_MARKERS[word], linestyle="none", label=WORDS[word]
    )


def _serial() -> Line2D:
    return Line2D([], [], color=GREY, linestyle="--", linewidth=1.0, label="serial")


def _title(advice: Advice) -> str:
    leader = advice.leader
    subject = "" if advice.answer is None else f"For {advice.answer.question.subject}: "
    if leader.cell_id is None:
        what = "stay serial"
    else:
        what = f"{leader.name}, {format_ratio(leader.standing.speedup)}x"
    return f"{subject}{what}{'' if advice.decided else ' so far, not decided'}"


def _about(advice: Advice) -> str:
    out = len(advice.struck_out)
    beside = f", the best leaves out {plural(out, 'candidate')} with failed runs" if out else ""
    return f"95 % intervals of a race over {plural(advice.runs, 'run')}{beside}"
