"""Votes of a forest: probabilities, several outputs, weights of classes."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from panlearn.ensemble import RandomForestClassifier

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
Y = (X[:, 0] > 0.8).astype(int)


def test_probabilities():
    model = RandomForestClassifier(10, random_state=0).fit(X, Y)
    shares = model.predict_proba(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), shares, atol=1e-15)
    two = RandomForestClassifier(10, random_state=0, oob_score=True, n_jobs=1).set_params(n_estimators=50)
    two.fit(X, np.column_stack([Y, 1 - Y]))
    assert two.oob_decision_function_.shape == (120, 2, 2)
    np.testing.assert_allclose(two.predict_proba(X)[0], two.predict_proba(X)[1][:, ::-1])
    assert len(two.predict_log_proba(X)) == 2


def test_weights_of_classes_become_weights_of_rows():
    both = np.column_stack([Y, (X[:, 1] > 0).astype(int)])
    for targets in (Y, both):
        model = RandomForestClassifier(2, class_weight="balanced").fit(X, targets)
        np.testing.assert_allclose(model._sample_weight, compute_sample_weight("balanced", targets))
    with pytest.warns(UserWarning, match="not recommended for warm_start"):
        RandomForestClassifier(2, class_weight="balanced", warm_start=True).fit(X, Y)


def test_out_of_bag_needs_a_kind_of_target_it_knows():
    with pytest.raises(ValueError, match="type of target cannot be used to compute OOB"):
        RandomForestClassifier(2, oob_score=True).fit(X, np.column_stack([Y, np.arange(120) % 5]))
