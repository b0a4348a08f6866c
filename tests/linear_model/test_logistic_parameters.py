"""The penalty that parameters ask for, and what scikit-learn refuses or announces, word for word."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression as Peer

from panlearn.linear_model import LogisticRegression
from panlearn.linear_model.logistic_parameters import NAMES, UNCONVERGED, check_solver, named, penalty_of

DATA = np.arange(6.0)[:, None], np.array([0, 1, 0, 1, 0, 1])


def outcome(cls, **parameters):
    """The error's beginning, or None, and the first words of each warning but those of convergence."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            cls(**parameters).fit(*DATA)
            error = None
        except ValueError as raised:
            error = str(raised)[:45]
        except TypeError:
            error = "crash"
    said = [str(w.message)[:60] for w in caught if w.category.__name__ in ("FutureWarning", "UserWarning")]
    return error, said


@pytest.mark.parametrize("solver", NAMES)
@pytest.mark.parametrize("penalty", ["deprecated", "l1", "l2", "elasticnet", None])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0, None])
def test_matches_peer(solver, penalty, l1_ratio):
    for more in ({}, {"dual": True}, {"C": np.inf}):
        parameters = {"solver": solver, "penalty": penalty, "l1_ratio": l1_ratio, **more}
        if solver == "liblinear" and more and penalty in ("l1", "l2"):
            continue  # LIBLINEAR refuses a dual form of its own, and never returns from an infinite C
        theirs = outcome(Peer, **parameters)
        if theirs[0] and ("Unsupported set of arguments" in theirs[0] or theirs[0] == "crash"):
            continue
        assert outcome(LogisticRegression, **parameters) == theirs


def test_penalty_of():
    assert penalty_of("deprecated", np.inf, 1.0) == (None, np.inf, 0.0)
    assert penalty_of("deprecated", 2.0, 0.25) == ("elasticnet", 2.0, 0.25)
    with pytest.warns(FutureWarning, match="'penalty' was deprecated"), pytest.warns(UserWarning, match="Inconsistent"):
        assert penalty_of("l1", 2.0, 0.0) == ("l1", 2.0, 1.0)
    assert [named(r) for r in (0.0, 1.0, 0.99)] == ["l2", "l1", "elasticnet"]


def test_auto_supports_everything():
    for penalty in ("l1", "l2", "elasticnet", None):
        check_solver("auto", penalty, True, classes=9)
    with pytest.raises(ValueError, match="does not support multiclass"):
        check_solver("liblinear", "l2", False, classes=3)


@pytest.mark.parametrize("solver", NAMES)
def test_unconverged_fits_say_what_the_peer_says(solver):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3)) * [1, 10, 100]
    y = (X.sum(axis=1) + 50 * rng.normal(size=50) > 0).astype(int)
    said = []
    for cls in (Peer, LogisticRegression):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            cls(solver=solver, max_iter=1, tol=1e-9, C=1e4).fit(X, y)
        said.append(" ".join(str(w.message) for w in caught))
    assert UNCONVERGED[solver].format(1)[:23] in said[0]
    assert UNCONVERGED[solver].format(1)[:23] in said[1]
