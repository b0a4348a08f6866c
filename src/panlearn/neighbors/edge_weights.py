"""What an edge between two near points weighs, as a function of its length d.

    binary        1
    distance      d
    rbf           exp(-gamma d^2)
    heat          exp(-d^2 / t)                     [belkin2003]; t is the mean of d^2 over the edges
    self_tuning   exp(-d^2 / (s_i s_j))             [zelnik2004]; s_i: distance from i to its 7th neighbour

The first needs nothing; rbf needs a gamma that suits the units of X; heat takes its scale from the whole graph,
self_tuning from the neighbourhood of each point, so that dense and sparse clusters hold together alike.
"""

import numpy as np

WEIGHTS = ("binary", "distance", "rbf", "heat", "self_tuning")


def edge_weights(
    kind: str, lengths: np.ndarray, ends: tuple[np.ndarray, np.ndarray], scales: np.ndarray | None, gamma: float | None
) -> np.ndarray:
    """Weights of edges.

    Parameters
    ----------
    kind : str
        One of `WEIGHTS`.
    lengths : ndarray of shape (m,)
        Distances between the ends.
    ends : tuple of ndarray of shape (m,)
        Indices of the points at both ends.
    scales : ndarray of shape (n,), optional
        s_i; for self-tuning weights.
    gamma : float, optional
        Of "rbf", and 1 / t of "heat".

    Returns
    -------
    ndarray of shape (m,)
    """
    if kind == "binary":
        return np.ones(len(lengths))
    if kind == "distance":
        return lengths
    if kind == "self_tuning":
        assert scales is not None
        ratio = lengths / scales[ends[0]] * (lengths / scales[ends[1]])
        return np.exp(-ratio)
    if gamma is None:  # "heat"; edges between duplicates alone weigh 1 whatever t is
        longest = lengths.max(initial=0.0) or 1.0
        return (
            np.exp(-((lengths / longest) ** 2) / (np.mean((lengths / longest) ** 2) or 1.0))
            if lengths.size
            else lengths
        )
    return np.exp(-gamma * lengths**2)


def local_scales(distances: np.ndarray) -> np.ndarray:
    """Distance to the last neighbour; among duplicates, where it is 0, the least that is not 0 anywhere."""
    scales = distances[:, -1].astype(np.float64)
    positive = scales[scales > 0]
    return np.where(scales > 0, scales, positive.min(initial=np.inf) if positive.size else 1.0)
