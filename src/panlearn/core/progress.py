"""A progress bar that shows the certificate, and costs nothing when it is off.

Every outer loop of a solver is Python, so a bar needs no callback: the loop is wrapped, and the running certificate
(duality gap, gradient norm) is read from a function each time round. `verbose=0`, or output that is not a terminal,
gives the bare iterator.
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["progress"]

T = TypeVar("T")


def progress(
    work: Iterable[T] | int,
    description: str,
    *,
    enabled: bool | int,
    certificate: Callable[[], str | float] | None = None,
    console: "Console | None" = None,
) -> Iterator[T | int]:
    """Iterate over `work` with a bar that shows how good the answer is so far.

    Parameters
    ----------
    work : iterable or int
        What to go through; an int stands for `range`.
    description : str
        Words before the bar, as "logistic regression".
    enabled : bool or int
        The estimator's `verbose`: 0 is silent.
    certificate : callable, default=None
        Called after each step; returns the number or the words to show. It sees the loop's variables as a closure.
    console : rich.console.Console, default=None
        Where to draw; standard error by default, and only if that is a terminal.

    Yields
    ------
    object
        The items of `work`, in order.

    Examples
    --------
    >>> gap = 1.0
    >>> for step in progress(3, "halving", enabled=0, certificate=lambda: gap):
    ...     gap /= 2
    >>> gap
    0.125
    """
    items = range(work) if isinstance(work, int) else work
    if not enabled:
        yield from items
        return
    from rich.console import Console  # here, so that silent fits never load it
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    screen = console or Console(stderr=True)
    if not screen.is_terminal:
        yield from items
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"), TimeElapsedColumn())
    total = len(items) if isinstance(items, Sized) else None
    with Progress(*columns, TextColumn("{task.fields[certificate]}"), console=screen) as bars:
        bar = bars.add_task(description, total=total, certificate="")
        for item in items:
            yield item
            now = certificate() if certificate else ""
            bars.update(bar, advance=1, certificate=now if isinstance(now, str) else f"{now:.2e}")
