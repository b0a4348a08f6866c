"""hmmlearn's monitor of EM: the log-likelihood at each iteration, and when to stop.

A subclass with its own `converged` and assigned to `monitor_` before `fit` decides when EM stops.
"""

import sys

import numpy as np
from sklearn.base import BaseEstimator


class ConvergenceMonitor(BaseEstimator):
    """History of a fit.

    Parameters
    ----------
    tol : float
        EM has converged when an iteration gains less.
    n_iter : int
        Most iterations.
    verbose : bool
        Print each iteration to standard error.

    Attributes
    ----------
    history : list of float
        Log-likelihood before each iteration's M step.
    iter : int
        Number of iterations.

    References
    ----------
    [dempster1977], course notes 004 §10

    Examples
    --------
    A gain below `tol` ends the iterations:

    >>> from panlearn.sequence.hmm_monitor import ConvergenceMonitor
    >>> monitor = ConvergenceMonitor(tol=0.01, n_iter=10, verbose=False)
    >>> for value in (-30.0, -20.0, -19.999):
    ...     monitor.report(value)
    >>> monitor.converged
    True
    """

    _template = "{iter:>10d} {log_prob:>16.8f} {delta:>+16.8f}"

    def __init__(self, tol: float, n_iter: int, verbose: bool) -> None:
        self.tol = tol
        self.n_iter = n_iter
        self.verbose = verbose
        self.history: list[float] = []
        self.iter = 0

    def _reset(self) -> None:
        self.iter = 0
        self.history.clear()

    def report(self, log_prob: float) -> None:
        """Take down the log-likelihood of one more iteration.

        Parameters
        ----------
        log_prob : float
            Log-likelihood of the data at the parameters before the M step.
        """
        if self.verbose:
            delta = log_prob - self.history[-1] if self.history else np.nan
            sys.stderr.write(self._template.format(iter=self.iter + 1, log_prob=log_prob, delta=delta) + "\n")
        self.history.append(log_prob)
        self.iter += 1

    @property
    def converged(self) -> bool:
        """Whether EM may stop: an iteration gained less than `tol`, or there were `n_iter`."""
        gain = self.history[-1] - self.history[-2] if len(self.history) > 1 else np.inf
        return self.iter == self.n_iter or bool(gain < self.tol)
