"""Inline SVG of a figure: small, the same bytes every time, and ready for light and dark pages.

Text stays text: it is drawn in the reader's own font (which has the Chinese characters that matplotlib's font lacks),
can be searched and selected, and takes a tenth of the bytes of outlines. Colours become CSS variables named after
their role, `var(--figure-ink, #1f2a37)`: a page that defines them recolours the picture, any other page shows the
fallback. Marks flagged `rasterized` (scatters of more than `RASTER_FROM` points) are embedded as a bitmap.
"""

import html
import io
import re
import warnings

import matplotlib
from matplotlib.figure import Figure

from panlearn.plot.style import ROLES, house_style

RASTER_FROM = 1500  # points; above it one bitmap is smaller than as many SVG marks
RASTER_DPI = 150
_CLUTTER = [  # before the element, and inside it what is empty or would reach the rest of the page
    re.compile(r"\A.*?(?=<svg)", re.DOTALL),
    re.compile(r"<!--.*?-->\s*", re.DOTALL),
    re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL),
    re.compile(r"<defs>\s*<style.*?</style>\s*</defs>\s*", re.DOTALL),
]
_TAG = re.compile(r"<[^>]*>")
_COORDINATES = re.compile(r' (?:d|x|y)="[^"]*"')
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_FONT = re.compile(r"font-family: [^;\"]*")
_COLOURS = re.compile("|".join(ROLES))
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def figure_svg(figure: Figure, *, label: str = "", prefix: str = "figure") -> str:
    """Return a figure as an `<svg>` element for the inside of an HTML page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The picture.
    label : str
        What it shows, for readers who do not see it (`aria-label`).
    prefix : str
        Starts every identifier inside, so that several pictures of one page do not collide.

    Returns
    -------
    str
        The element, without XML declaration, date or creator: equal figures give equal strings.

    Examples
    --------
    >>> from panlearn.plot import plot_learning_curve
    >>> svg = figure_svg(plot_learning_curve([10, 20], [[0.9], [0.8]], [[0.5], [0.6]], metric="r2"), label="R²")
    >>> svg[:31]
    '<svg role="img" aria-label="R²"'
    """
    buffer = io.StringIO()
    with (
        house_style(),
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": prefix}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # drawn by the reader's font
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA, dpi=RASTER_DPI)
    text = buffer.getvalue()
    for clutter in _CLUTTER:
        text = clutter.sub("", text)
    used = set(re.findall(r"""(?:href="|url\()#([^")]+)""", text))
    text = _TAG.sub(lambda found: _clean_tag(found[0], used, prefix), text)
    opening = f'<svg role="img" aria-label="{html.escape(label)}" style="stroke-linejoin: round; stroke-linecap: butt" '
    return text.replace("<svg ", opening, 1).strip()


def _clean_tag(tag: str, used: set[str], prefix: str) -> str:
    """One tag with short numbers, variables for colours and font, and prefixed identifiers; text is not touched."""
    tag = _COORDINATES.sub(lambda found: _LONG_NUMBER.sub(lambda n: f"{float(n[0]):.2f}", found[0]), tag)
    tag = _FONT.sub("font-family: var(--figure-font, sans-serif)", tag)
    tag = _COLOURS.sub(lambda found: f"var(--figure-{ROLES[found[0]]}, {found[0]})", tag)
    tag = re.sub(r' id="([^"]*)"', lambda found: f' id="{prefix}-{found[1]}"' if found[1] in used else "", tag)
    return re.sub(r"""(href="|url\()#""", rf"\g<1>#{prefix}-", tag)
