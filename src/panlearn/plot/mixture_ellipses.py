"""A Gaussian mixture in the plane: rows in the colours of their components, which are ellipses [bishop2006]."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from sklearn.utils.validation import check_is_fitted

from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, SECOND, fix_ticks, house_style, new_axes
from panlearn.plot.svg import RASTER_FROM

HUES = (ACCENT, SECOND, QUIET, INK, MUTED)
LINES = ("-", "--", ":")
SURE = 0.9  # a row this sure of its component has the component's colour, full


@house_style()
def plot_mixture_ellipses(
    mixture: Any,
    X: Any,
    *,
    features: tuple[int, int] = (0, 1),
    deviations: tuple[float, ...] = (1.0, 2.0),
    ax: Axes | None = None,
) -> Figure:
    r"""Draw the rows and the components of a Gaussian mixture over two of its features.

    How to read it: an ellipse joins the points at the same Mahalanobis distance from its component's mean; inside 1 lie
    39 % of the component's probability, inside 2 lie 86 %. A row is full where it belongs to one component with a
    probability of 0.9 or more, and hollow in between: clusters would have to choose, a mixture says how unsure it is.
    Of several features, the ellipses are those of the marginal distribution over the two drawn. A row with one of the
    two missing is a tick on the axis of the other.

    Parameters
    ----------
    mixture : GaussianMixture
        The fitted mixture; any estimator with `means_`, `covariances_`, `covariance_type` and `predict_proba`.
    X : array_like or data frame of shape (n, p)
        Rows to draw; a data frame names the axes.
    features : tuple of two int
        The columns to draw.
    deviations : tuple of float
        Mahalanobis distances at which to draw ellipses.
    ax : matplotlib.axes.Axes, optional
        Where to draw, without a legend; by default a new figure.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If X has fewer than two columns or other columns than the mixture was fitted on, or `features` are not two of
        them.

    References
    ----------
    [bishop2006] §9.2, note 004 §10

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.mixture import GaussianMixture
    >>> X = np.random.default_rng(0).normal(size=(60, 2)) + np.repeat([[0, 0], [8, 8]], 30, axis=0)
    >>> figure = plot_mixture_ellipses(GaussianMixture(2, random_state=0).fit(X), X)
    >>> len(figure.axes[0].patches), [text.get_text() for text in figure.legends[0].get_texts()]
    (4, ['component 1: 50 %', 'component 2: 50 %'])
    """
    check_is_fitted(mixture)
    names = [str(name) for name in getattr(X, "columns", [f"feature {j + 1}" for j in range(mixture.n_features_in_)])]
    points = np.asarray(X, dtype=float)
    pair = [int(j) for j in features]
    p = mixture.n_features_in_
    if points.ndim != 2 or points.shape[1] != p or p < 2:
        raise ValueError(f"X must have the {p} columns of the fit, at least two, got shape {points.shape}")
    if len(pair) != 2 or len({*pair}) < 2 or not all(0 <= j < p for j in pair):
        raise ValueError(f"features must be two different columns out of 0 to {p - 1}, got {features}")
    figure, axes = new_axes(5.0, 4.2) if ax is None else (ax.get_figure(root=True), ax)
    assert isinstance(figure, Figure)
    fix_ticks(axes)
    _draw_rows(axes, points[:, pair], mixture.predict_proba(X))
    for c, (mean, covariance) in enumerate(zip(mixture.means_, _matrices(mixture), strict=True)):
        for i, radius in enumerate(deviations):
            label = f"component {c + 1}: {100 * mixture.weights_[c]:.0f} %" if i == 0 else None
            _draw_ellipse(axes, mean[pair], covariance[np.ix_(pair, pair)], radius, _look(c), label)
    axes.autoscale_view()
    axes.set(xlabel=names[pair[0]], ylabel=names[pair[1]])
    if ax is None:
        figure.legend(loc="outside lower center", ncols=3, fontsize=8.5, handlelength=2.4, columnspacing=1.5)
    return figure


def _look(c: int) -> tuple[str, str]:
    """Colour and line of component c; the colours come round again with other lines."""
    return HUES[c % len(HUES)], LINES[c // len(HUES) % len(LINES)]


def _matrices(mixture: Any) -> np.ndarray:
    """Covariances as (k, p, p)."""
    covariances, (k, p) = np.asarray(mixture.covariances_, dtype=float), mixture.means_.shape
    if mixture.covariance_type == "full":
        return covariances
    if mixture.covariance_type == "tied":
        return np.broadcast_to(covariances, (k, p, p))
    return covariances.reshape(k, -1, 1) * np.eye(p)


def _draw_rows(axes: Axes, points: np.ndarray, shares: np.ndarray) -> None:
    component, sure = shares.argmax(axis=1), shares.max(axis=1) >= SURE
    there = np.isfinite(points)
    both, small = there.all(axis=1), len(points) > 300
    style = {
        "linestyle": "none",
        "markersize": 2.5 if small else 4,
        "rasterized": len(points) > RASTER_FROM,
        "zorder": 2,
    }
    for c in np.unique(component):
        hue, _ = _look(int(c))
        mine = both & (component == c)
        axes.plot(*points[mine & sure].T, "o", color=hue, alpha=0.55, markeredgewidth=0, **style)
        axes.plot(*points[mine & ~sure].T, "o", markeredgecolor=hue, fillstyle="none", markeredgewidth=0.8, **style)
        for j, (marker, transform) in enumerate((("|", axes.get_xaxis_transform()), ("_", axes.get_yaxis_transform()))):
            alone = there[:, j] & ~both & (component == c)
            place = points[alone, j], np.full(alone.sum(), 0.012)
            if alone.any():
                axes.plot(
                    *(place if j == 0 else place[::-1]),
                    marker,
                    color=hue,
                    transform=transform,
                    linestyle="none",
                    markersize=6,
                )


def _draw_ellipse(
    axes: Axes, mean: np.ndarray, covariance: np.ndarray, radius: float, look: tuple[str, str], label: str | None
) -> None:
    """Points at Mahalanobis distance `radius`: half axes along eigenvectors, the roots of the eigenvalues long."""
    values, vectors = np.linalg.eigh(covariance)
    width, height = 2 * radius * np.sqrt(np.maximum(values, 0.0))
    angle = float(np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0])))
    hue, line = look
    face = (*to_rgb(hue), 0.0)
    ellipse = Ellipse(
        (mean[0], mean[1]), width, height, angle=angle, facecolor=face, edgecolor=hue, linestyle=line, linewidth=1.6
    )
    ellipse.set(label=label, zorder=3)
    axes.add_patch(ellipse)
