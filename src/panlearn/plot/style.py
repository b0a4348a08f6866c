"""The look of every picture: one palette, one font size, horizontal text, no clutter.

The hues are Okabe and Ito's blue and vermilion, which readers with any of the common colour-vision deficiencies tell
apart. A colour stands for a role (ink, grid, accent, ...), not for a taste: `figure_svg` turns each role into a CSS
variable, so that a page can redraw the same picture for a dark screen.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#1f2a37"  # text, mean values
MUTED = "#5d6b7a"  # secondary text, reference lines
GRID = "#d8dee5"
SURFACE = "#fefefe"  # the page behind the picture
ACCENT = "#0072b2"  # blue: what the picture is about
SECOND = "#d55e00"  # vermilion: what it is compared with
QUIET = "#8b98a5"  # marks of lesser weight: baselines, single folds
ON_ACCENT = "#fffffe"  # text on a full accent

ROLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    SURFACE: "surface",
    ACCENT: "accent",
    SECOND: "second",
    QUIET: "quiet",
    ON_ACCENT: "on-accent",
}

_RC = {
    "axes.axisbelow": True,
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": MUTED,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titlepad": 8,
    "axes.unicode_minus": True,
    "figure.facecolor": "none",
    "font.size": 9.5,
    "image.interpolation": "none",
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
    "text.color": INK,
    "text.parse_math": False,  # a column may be called "price $ (US$)"
}


@contextmanager
def house_style() -> Iterator[None]:
    """Give figures the package's look inside a `with` block, or in a function it decorates.

    It starts from matplotlib's defaults, so that a personal matplotlibrc does not change a report.
    """
    with style.context(_RC, after_reset=True):
        yield


def new_axes(width: float = 5.0, height: float = 3.5) -> tuple[Figure, Axes]:
    """Create a figure of the given size in inches, with one pair of axes and no pyplot state."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    fix_ticks(axes)
    return figure, axes


def fix_ticks(axes: Axes) -> None:
    """Give the ticks their look now: matplotlib makes them when it draws, after the style has been left."""
    axes.tick_params(color=GRID, labelcolor=MUTED, labelsize=9.5, grid_color=GRID, grid_linewidth=0.7, width=0.8)


def annotate(axes: Axes, text: str, *, x: float = 0.97, y: float = 0.05) -> None:
    """Write `text` in a corner of the axes, on a patch of the page's colour that keeps it readable over marks."""
    axes.text(
        x,
        y,
        text,
        transform=axes.transAxes,
        ha="right" if x > 0.5 else "left",
        va="bottom" if y < 0.5 else "top",
        color=INK,
        linespacing=1.4,
        bbox={"facecolor": SURFACE, "edgecolor": "none", "alpha": 0.8, "pad": 3},
    )
