"""x, hue, facet and select: what is drawn where, what is refused, and what the pictures hold."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.text import Text

from breakeven.analysis.errors import NoMatch, UnfitOption, UnknownName
from breakeven.analysis.figures import WITH_ROLES, choose, draw, scaling
from breakeven.analysis.figures.phases import COLORS
from breakeven.analysis.figures.roles import HUES, Roles
from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.show import main
from tests.analysis_samples import Sample, add_counted, build_richer

LONG = "a_module_with_a_rather_long_name.and_a_package:a_function_that_says_all_that_it_does_in_its_name"


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Return the rich sweep."""
    return load(build_richer(tmp_path_factory.mktemp("outputs") / "rich"))


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Return a sweep of two functions with long names, on two interpreters."""
    sample = Sample(tmp_path_factory.mktemp("outputs") / "functions", rounds=3, pairs=6)
    interpreters = {"/a/python3.14": "3.14.0", "/z/python3.9": "3.9.1"}
    for function, (path, version), model in product(
        (LONG, LONG.replace("says", "shows")), interpreters.items(), ("thread", "process")
    ):
        on: dict[str, Any] = {"interpreter": path, "python_version": version, "overrides": ""}
        work: dict[str, Any] = {
            "workload": "function",
            "function": function,
            "payload_asked_bytes": 2048,
            "task_ns": None,
        }
        for workers in (1, 2):
            gain = workers * 0.9 if model == "process" else 0.97
            sample.add_map(model=model, workers=workers, speedup=gain, spans=True, **on, **work)
        sample.add_pingpong(model=model, latency_ns=1e5, **on, **(work | {"payload_bytes": 2048}))
        add_counted(
            sample,
            {"lost_per_million": (9.0,), "update_ns": (80.0,)},
            "none",
            model=model,
            **on | {"overrides": "pattern.lock=none"},
        )
        sample.add_window(
            model=model,
            workers=2,
            per_second=2e4,
            serial_per_second=1e4,
            **on,
            **(work | {"task_ns": 1_000_000}),
        )
    return load(sample.path)


def _labels(axes: Axes) -> set[str]:
    groups = [group for group in axes.containers if isinstance(group, ErrorbarContainer)]
    return {str(group.get_label()) for group in groups}


def _panels(figure: Figure) -> dict[str, Axes]:
    return {axes.get_title("left"): axes for axes in figure.findobj(Axes) if axes.get_title("left")}


def test_each_factor_lies_where_it_was_put(rich: Lab) -> None:
    """Lines are models, panels are payloads, and x are workers; what else varies is told apart."""
    chosen = "pattern=map,workload=spin,ipc=queue,model=thread,process"
    figure = draw("scaling", rich, x="workers", hue="model", facet="payload", select=chosen)
    panels = _panels(figure)
    assert list(panels) == ["1 KiB", "1 MiB"]
    assert all(_labels(axes) == {"process", "thread"} for axes in panels.values())
    turned = _panels(draw("scaling", rich, x="model", hue="workers", facet="payload", select=chosen))
    assert all(_labels(axes) == {"1 worker", "2 workers", "4 workers"} for axes in turned.values())
    names = [tick.get_text() for tick in turned["1 KiB"].get_xticklabels()]
    assert names == ["process", "thread"]


def test_no_two_cells_share_a_place(rich: Lab, functions: Lab) -> None:
    """What varies beyond the chosen factors tells lines or panels apart, whichever were chosen."""
    factors = (None, "workers", "model", "payload", "interpreter")
    for lab, x, hue, facet in product((rich, functions), factors, factors, factors):
        if len({name for name in (x, hue, facet) if name}) < sum(
            name is not None for name in (x, hue, facet)
        ):
            continue
        narrowed, roles = choose(lab, x=x, hue=hue, facet=facet)
        frame = scaling.frame(narrowed, roles)
        places = ["mechanism", "setting", *(["length"] if frame["along"].iloc[0] else [])]
        shared = frame.duplicated(places, keep=False)
        assert not shared.any(), (x, hue, facet, frame.loc[shared, [*places, "model", "workers"]])


def test_interpreters_stand_by_version(functions: Lab) -> None:
    """3.9 before 3.14, in the legend and along x."""
    figure = draw("scaling", functions, x="interpreter", hue="model", facet="workers,function")
    names = [tick.get_text() for tick in next(iter(_panels(figure).values())).get_xticklabels()]
    assert names == ["CPython 3.9.1", "CPython 3.14.0"]
    (legend,) = draw("scaling", functions, hue="interpreter", x="workers").findobj(Legend)
    texts = [" ".join(text.get_text().split()) for text in legend.get_texts()]
    assert texts[:2] == ["CPython 3.9.1", "CPython 3.14.0"]


def test_a_selection_is_all_that_is_drawn_and_said(functions: Lab) -> None:
    """Caption and title know nothing of the cells that were left out."""
    figure = draw("scaling", functions, select="interpreter=3.14,model=process")
    assert figure.get_supxlabel().endswith(" · CPython 3.14.0")
    assert "thread" not in figure.get_suptitle()
    (legend,) = figure.findobj(Legend)
    assert "process" in {text.get_text() for text in legend.get_texts()}


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        (
            {"x": "worker"},
            UnknownName,
            "--x worker: no factor worker (did you mean workers?); there are label, ",
        ),
        ({"hue": "model,icp"}, UnknownName, "--hue icp: no factor icp (did you mean ipc?)"),
        ({"x": "workers,model"}, UnknownName, "--x workers,model: one factor lies along x"),
        ({"select": "model=proces"}, NoMatch, "did you mean process?"),
        (
            {"select": "modle=process"},
            UnknownName,
            "--select: modle=process: no factor modle (did you mean model?)",
        ),
    ],
)
def test_what_is_not_known_is_refused(
    rich: Lab, options: dict[str, str], error: type[Exception], said: str
) -> None:
    """With what was probably meant."""
    with pytest.raises(error) as wrong:
        draw("scaling", rich, **options)
    assert said in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_an_option_without_use_is_refused(rich: Lab) -> None:
    """By the figures in which colours or x are something else."""
    with pytest.raises(UnfitOption) as wrong:
        draw("timeline", rich, hue="model")
    assert str(wrong.value) == "figure timeline has no use for --hue; it accepts --facet, --select"


def test_the_command_keeps_the_figures_apart(
    rich: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A choice is saved under a name of its own, and nothing is drawn where an option is wrong."""
    monkeypatch.chdir(rich.path.parent)
    asked = ["rich", "--format", "png", "--figure", "scaling"]
    with pytest.raises(UnknownName):
        main([*asked, "--x", "nothing"])
    with pytest.raises(UnfitOption):
        main(["rich", "--format", "png", "--figure", "scaling,timeline", "--x", "workers"])
    assert not (rich.path / "figures").exists()
    main(asked)
    main([*asked, "--x", "workers", "--hue", "model,ipc", "--select", "payload=1MiB"])
    main(
        [
            *asked,
            "--facet",
            "payload,model,ipc,workers",
            "--select",
            f"pattern=map,{'model=process,' * 9}ipc=pipe",
        ]
    )
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("figure ")]
    names = sorted(path.name for path in (rich.path / "figures").iterdir())
    assert names[:2] == ["scaling.png", names[1]]
    assert "scaling_x=workers_hue=model,ipc_select=payload=1MiB.png" in names
    assert len(names) == len(lines) == 3
    assert all(len(name) < 120 for name in names)


def test_figures_without_a_use_for_an_option_are_skipped(
    rich: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where all figures are drawn."""
    monkeypatch.chdir(rich.path.parent)
    assert main(["rich", "--format", "svg", "--hue", "ipc", "--select", "pattern=pingpong"]) == 0
    lines = capsys.readouterr().out.splitlines()
    missing, _, why = " ".join(" ".join(lines).split()).partition("no figure for: ")[2].partition(" why: ")
    assert "timeline" in missing.split(", ")
    assert why.startswith("breakeven show rich --figure advice --hue ipc --select pattern=pingpong ")
    assert any(
        line.startswith("figure ") and "latency_hue=ipc_select=pattern=pingpong.svg" in line for line in lines
    )


# --- legends and texts


def _drawn(figure: Figure) -> set[str]:
    """Return the labels of what can be seen, found in another way than the legend does: by drawing."""
    seen: set[str] = set()
    for axes in figure.findobj(Axes):
        assert isinstance(axes, Axes)
        frame = axes.get_window_extent().padded(1)
        for line in axes.lines:
            if line.get_window_extent().padded(1).overlaps(frame):
                seen.add(str(line.get_label()))
        for group in axes.containers:
            if isinstance(group, BarContainer):
                widths = [bar.get_width() for bar in group.patches]
                seen |= {str(group.get_label())} if max(widths) > 0 else set()
            else:
                seen.add(str(group.get_label()))
    return seen | _in_lanes(figure)


def _in_lanes(figure: Figure) -> set[str]:
    """Return the phases whose colour some pixel of an image has."""
    images = [image.get_array() for image in figure.findobj(AxesImage) if isinstance(image, AxesImage)]
    pixels = [np.asarray(image).reshape(-1, 3) for image in images if image is not None and image.ndim == 3]
    colors = np.unique(np.concatenate(pixels), axis=0) if pixels else np.empty((0, 3))
    return {name for name, color in COLORS.items() if np.isclose(colors, to_rgb(color)).all(axis=1).any()}


@pytest.mark.parametrize("name", WITH_ROLES)
def test_a_legend_lists_only_what_is_drawn(rich: Lab, functions: Lab, name: str) -> None:
    """In every figure, of two sweeps."""
    for lab in (rich, functions) if name != "channels" else (rich,):  # functions has one channel
        figure = draw(name, lab)
        figure.draw_without_rendering()
        drawn = {"".join(label.split()) for label in _drawn(figure)}  # long ones are broken anywhere
        for legend in figure.findobj(Legend):
            assert isinstance(legend, Legend)
            listed = {"".join(text.get_text().split()) for text in legend.get_texts()}
            assert listed <= drawn, listed - drawn


@pytest.mark.parametrize("name", [name for name in WITH_ROLES if name != "channels"])  # of which there is one
@pytest.mark.parametrize("options", [{}, {"facet": "function"}, {"facet": "interpreter"}], ids=str)
def test_no_text_leaves_the_figure(functions: Lab, name: str, options: dict[str, str]) -> None:
    """However long the names of functions are, title, labels and legend are broken to fit."""
    figure = draw(name, functions, **options)
    figure.draw_without_rendering()
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_text() and text.get_visible():
            box = text.get_window_extent()
            assert box.x0 >= -1, text
            assert box.x1 <= figure.bbox.x1 + 1, text


def test_at_most_ten_colours_and_the_caption_says_so(tmp_path: Path) -> None:
    """The best ten are kept."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    for place in range(HUES + 3):
        for workers in (1, 2):
            sample.add_map(model=f"model{place}", workers=workers, speedup=1 + place / 10)
    figure = draw("scaling", load(sample.path))
    shown = {label for axes in figure.findobj(Axes) if isinstance(axes, Axes) for label in _labels(axes)}
    assert shown == {f"model{place}" for place in range(3, HUES + 3)}
    assert figure.get_supxlabel().startswith(f"best {HUES} of {HUES + 3} shown")


def test_numbers_of_workers_stand_by_value(tmp_path: Path) -> None:
    """16 after 2, whatever they look like as texts."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    for workers, model in product((16, 2, 1), ("thread", "process")):
        sample.add_map(model=model, workers=workers, speedup=1.0)
    lab = load(sample.path)
    frame = scaling.frame(lab, Roles(x="model", hue=("workers",)))
    order = frame.sort_values("mechanism_place")["mechanism"].drop_duplicates()
    assert order.tolist() == ["1 worker", "2 workers", "16 workers"]
