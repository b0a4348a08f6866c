"""The tour: every worked example of the course notes, the printed figure beside the computed one.

An example belongs to an area and lives in a module of its own, `tour_<area>.py` in this folder, with one function
`examples()` that yields `TourRow`s, mostly through `check`. The tour finds these modules by their name: a new method
adds its example there and edits nothing here.
"""

import importlib
import itertools
import math
import pkgutil
from decimal import Decimal
from typing import NamedTuple

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

import panlearn.cli
from panlearn.cli.messages import console


class TourRow(NamedTuple):
    """One printed figure of the notes and what panlearn computes for it."""

    example: str  # "least squares, six students"
    note: str  # "003 §1.3"
    quantity: str  # "w*, linear algebra"
    expected: str  # as printed
    computed: float
    agrees: bool  # equal to the printed digits, or to the corrected ones of a known misprint
    erratum: str  # what the note should print; "" if it is right


def agrees_with_digits(expected: str, computed: float) -> bool:
    """Tell whether a number, rounded to as many decimals as were printed, is the printed one.

    Examples
    --------
    >>> agrees_with_digits("0.42", 0.41945), agrees_with_digits("0.33", 0.33779)
    (True, False)
    """
    if not math.isfinite(computed):
        return False
    printed = Decimal(expected)
    half_unit = Decimal(5).scaleb(int(printed.as_tuple().exponent) - 1)
    return bool(abs(printed - Decimal(float(computed))) <= half_unit)


def check(example: str, note: str, quantity: str, expected: str, computed: float, *, corrected: str = "") -> TourRow:
    """Compare a computed number with a printed one.

    Parameters
    ----------
    example, note, quantity : str
        What is computed, and where the note prints it.
    expected : str
        The figure as printed: its number of decimals is the precision of the comparison.
    computed : float
        Our number.
    corrected : str
        For a misprint, the figure that should have been printed.

    Returns
    -------
    TourRow

    Examples
    --------
    >>> check("ridge", "003 §1.4", "w4", "0.33", 0.33779, corrected="0.34").agrees
    True
    """
    erratum = f"it is {corrected}" if corrected else ""
    agrees = agrees_with_digits(corrected or expected, computed)
    return TourRow(example, note, quantity, expected, float(computed), agrees, erratum)


def tour_rows() -> list[TourRow]:
    """Compute every worked example, ordered by note and section."""
    names = sorted(m.name for m in pkgutil.iter_modules(panlearn.cli.__path__) if m.name.startswith("tour_"))
    modules = [importlib.import_module(f"panlearn.cli.{name}") for name in names]
    return sorted((row for module in modules for row in module.examples()), key=lambda row: row.note)


def tour_table(rows: list[TourRow]) -> Table:
    """Lay out the figures of one example."""
    title = f"{rows[0].note}  {rows[0].example}"
    table = Table(title=escape(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("quantity", min_width=24)
    table.add_column("the note", justify="right", min_width=9)
    table.add_column("panlearn", justify="right", min_width=12)
    table.add_column("verdict", min_width=22)
    for row in rows:
        table.add_row(escape(row.quantity), row.expected, f"{row.computed:.6g}", _verdict(row))
    return table


def _verdict(row: TourRow) -> str:
    if not row.agrees:
        return "[bold red]disagrees[/]"
    return f"[yellow]misprint: {escape(row.erratum)}[/]" if row.erratum else "[green]agrees[/]"


def tour() -> None:
    """Reproduce the worked examples of the course notes, expected beside computed."""
    out = console()
    rows = tour_rows()
    for _, figures in itertools.groupby(rows, key=lambda row: (row.note, row.example)):
        out.print(tour_table(list(figures)))
    wrong = sum(not row.agrees for row in rows)
    misprints = sum(row.agrees and bool(row.erratum) for row in rows)
    agreed = len(rows) - wrong - misprints
    known = f", {misprints} known misprint{'s' * (misprints != 1)} of the notes" if misprints else ""
    out.print(f"{agreed} of {len(rows)} figures agree{known}, {wrong} disagree.")
    if wrong:
        raise typer.Exit(code=1)
