"""The bias-variance curve: the error of a method and its parts against the freedom it is given."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator
from numpy.typing import ArrayLike

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, SECOND, house_style, new_axes


@house_style()
def plot_bias_variance(
    values: ArrayLike | Sequence[str],
    bias: ArrayLike,
    variance: ArrayLike,
    noise: ArrayLike | None = None,
    *,
    parameter: str = "freedom of the model",
    loss: str = "squared error",
    log: bool = False,
) -> Figure:
    """Draw bias, variance and noise, and the error they add up to, over the values of a parameter.

    How to read it: where the bias is high the model is too simple (it underfits), where the variance is high it follows
    its training sample (it overfits); the error is least between, and never below the noise. The dot marks the least
    error.

    Parameters
    ----------
    values : array_like of shape (m,)
        Values of the parameter, numbers in ascending order or names.
    bias, variance : array_like of shape (m,)
        The parts, as `bias_variance_decomposition` gives them: bias² for squared loss.
    noise : array_like of shape (m,), optional
        The noise, where it is known; otherwise the bias holds it.
    parameter : str
        Name of the parameter.
    loss : str
        Name of the error.
    log : bool
        Whether the values are drawn on a logarithmic axis.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If the lengths differ, there is no value, or a part is not finite.

    References
    ----------
    [geman1992], [hastie2009] section 7.3, notes 001 §2.4 and 002 (error sources)

    Examples
    --------
    >>> figure = plot_bias_variance([1, 2, 5, 9], [0.5, 0.1, 0.0, 0.0], [0.0, 0.1, 0.2, 0.6], [0.1] * 4)
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['error', 'bias²', 'variance', 'noise']
    """
    known = noise is not None
    parts = [np.asarray(part, dtype=np.float64).ravel() for part in (bias, variance, *([noise] if known else []))]
    names = np.asarray(values)
    if not names.size or any(part.size != names.size for part in parts):
        sizes = [names.size, *(part.size for part in parts)]
        raise ValueError(f"values, bias, variance and noise must have one length of at least 1, got {sizes}")
    if not all(np.isfinite(part).all() for part in parts):
        raise ValueError("bias, variance and noise must be finite")
    numbers = names.dtype.kind in "iuf"
    x = names.astype(np.float64) if numbers else np.arange(names.size, dtype=np.float64)
    error = np.sum(parts, axis=0)
    figure, axes = new_axes()
    squared = "²" if loss == "squared error" else ""
    rest = "" if known else " + noise"
    axes.plot(x, error, color=INK, label="error")
    axes.plot(x, parts[0], "--", color=ACCENT, label=f"bias{squared}{rest}")
    axes.plot(x, parts[1], "-.", color=SECOND, label="variance")
    if known:
        axes.plot(x, parts[2], ":", color=QUIET, label="noise")
    if parts[1].min() < 0:
        axes.axhline(0, color=MUTED, linewidth=0.8)
    best = int(error.argmin())
    axes.plot(x[best], error[best], "o", color=INK, markersize=6)
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
    if numbers:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    if not numbers or names.size <= 12:
        axes.xaxis.set_major_locator(FixedLocator(x.tolist()))
        axes.xaxis.set_minor_locator(NullLocator())
    if not numbers:
        axes.set_xticks(x, [str(name) for name in names])
    axes.set_xlabel(parameter)
    axes.set_title(loss)
    axes.legend(loc="best")
    return figure
