"""Text for people: numbers with the digits they deserve, and names that fit beside an axis."""

import math
import textwrap
import unicodedata
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from panlearn.plot.style import INK

LABEL_CELLS = 28  # width of a name beside an axis, in narrow characters
LABEL_LINES = 2


def score_decimals(spread: float) -> int:
    """Return how many decimals show two significant digits of `spread`, from 0 to 4.

    Examples
    --------
    >>> score_decimals(0.0123), score_decimals(523.0), score_decimals(0.0)
    (3, 0, 3)
    """
    if not math.isfinite(spread) or spread <= 0:
        return 3
    return int(np.clip(1 - math.floor(math.log10(spread)), 0, 4))


def format_number(value: float, decimals: int | None = None) -> str:
    """Return a number as it is read: thousands apart, a true minus sign, powers of ten only when they help.

    Parameters
    ----------
    value : float
        The number; a missing one gives a dash.
    decimals : int or None
        Digits after the point; None shows three significant digits.

    Examples
    --------
    >>> print(format_number(0.91234), format_number(-2.5, 2), format_number(3e-7), format_number(float("nan")))
    0.912 −2.50 3e−07 –
    """
    if math.isnan(value):
        return "–"
    size = abs(value)
    if math.isinf(value) or size >= 1e9 or 0 < size < 1e-4:
        text = f"{value:.2g}".replace("inf", "∞")
    elif decimals is not None:
        text = f"{value:,.{decimals}f}"
    else:
        text = f"{value:,.0f}" if size >= 100 else f"{value:.3g}"
    return text.replace(",", "\N{NO-BREAK SPACE}").replace("-", "\N{MINUS SIGN}")


def display_cells(text: str) -> int:
    """Return the width of `text` in narrow characters; Chinese, Japanese and Korean ones count two.

    Examples
    --------
    >>> display_cells("线性代数"), display_cells("algebra")
    (8, 7)
    """
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if not unicodedata.combining(c))


def fit_label(name: str, cells: int = LABEL_CELLS, lines: int = LABEL_LINES) -> str:
    r"""Wrap a long name onto a few lines; a longer one loses its middle, since both ends of a name tell it apart.

    Examples
    --------
    >>> fit_label("sklearn: HistGradientBoostingClassifier", cells=24)
    'sklearn:\nHistGradientBoostingClassifier'
    >>> fit_label("a_very_long_column_name_" * 9 + "2019", cells=12)
    'a_very_long…\nn_name_2019'
    """
    name = " ".join(name.split())
    if display_cells(name) <= cells:
        return name
    width = max(4, cells * len(name) // display_cells(name))  # characters a line: fewer if they are wide
    wrapped = textwrap.wrap(name, width, break_long_words=False, break_on_hyphens=True)
    if len(wrapped) <= lines and max(map(display_cells, wrapped)) <= cells * 1.3:
        return "\n".join(wrapped)
    keep = max(1, (width * lines - 1) // 2)
    if len(name) <= 2 * keep + 1:
        return f"{name[:width]}\n{name[width:]}" if lines > 1 else name[: width - 1] + "…"
    return f"{name[:keep]}…\n{name[-keep:]}" if lines > 1 else f"{name[:keep]}…{name[-keep:]}"


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Put one name beside each row 0, 1, ... of a horizontal chart, the first one on top."""
    labels = [fit_label(name) for name in names]
    for row, label in enumerate(labels):
        lines = label.split("\n")
        for index, line in enumerate(lines):  # a text a line: SVG aligns single lines whatever the reader's font
            height = ((len(lines) - 1) / 2 - index) * 10
            axes.annotate(
                line,
                (0, row),
                xycoords=("axes fraction", "data"),
                xytext=(-8, height),
                textcoords="offset points",
                ha="right",
                va="center",
                color=INK,
            )
    axes.set_yticks([])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    reserve_wide_glyphs(axes, labels)


def reserve_wide_glyphs(axes: Axes, labels: Sequence[str]) -> None:
    """Leave room at the left for wide characters, which matplotlib's font lacks and measures too small."""
    lines = [line for label in labels for line in label.split("\n")]
    wide = max((display_cells(line) - len(line) for line in lines), default=0)
    figure = axes.get_figure(root=True)
    if figure is not None and wide > 0:
        missing = wide * 0.4 * 9.5 / 72  # a missing glyph is drawn 0.6 em wide, the real one 1 em; inches
        left = missing / figure.get_figwidth()
        figure.set_layout_engine("constrained", rect=(left, 0, 1 - left, 1))
