"""Labels to codes and outputs to probabilities: one class a row, two classes on one output, independent labels."""

import numpy as np
import pytest
from scipy.special import expit
from torch import nn

from panlearn.neural_network import NeuralClassifier

X = np.random.default_rng(0).normal(size=(40, 3))
y = np.where(X[:, 0] > 0, "yes", "no")


def test_one_output_for_two_classes():
    model = NeuralClassifier(nn.Linear(3, 1), loss="binary_cross_entropy", max_epochs=30, random_state=0).fit(X, y)
    z = model._outputs(X, link=False)[:, 0]
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], expit(z), rtol=1e-5)
    assert (model.predict(X) == np.where(z > 0, "yes", "no")).all()


def test_label_smoothing_bounds_the_certainty():
    settings = {"max_epochs": 100, "learning_rate": 0.05, "random_state": 0}
    sure = NeuralClassifier(**settings).fit(X, y).predict_proba(X).max()
    smooth = NeuralClassifier(label_smoothing=0.2, **settings).fit(X, y).predict_proba(X).max()
    assert sure > 0.99 > smooth  # the best answer to a smoothed label is 0.9


def test_score_of_the_rows_kept_aside_is_accuracy():
    model = NeuralClassifier(max_epochs=60, early_stopping=True, learning_rate=0.02, random_state=0).fit(X, y)
    scores = {epoch.validation_score for epoch in model.history_}
    assert all(abs(4 * score - round(4 * score)) < 1e-6 for score in scores)  # of 4 rows
    labels = NeuralClassifier(max_epochs=3, early_stopping=True, random_state=0).fit(X, (X > 0).astype(int))
    assert labels.history_[0].validation_score in (0, 0.25, 0.5, 0.75, 1)


def test_edge_cases():
    with pytest.raises(ValueError, match="must hold 0 and 1"):
        NeuralClassifier().fit(X, np.arange(80).reshape(40, 2))
    with pytest.raises(ValueError, match="at least 2 labels"):
        NeuralClassifier().partial_fit(X, y, classes=["yes"])
    fitted = NeuralClassifier(max_epochs=1, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="label 'maybe'"):
        fitted.fit(X, np.where(y == "no", "maybe", y))
    with pytest.raises(ValueError, match="y contains infinity"):
        NeuralClassifier().fit(X, np.where(y == "no", np.inf, 0.0))


def test_labels_may_be_read_only():
    codes = (X[:, 0] > 0).astype(np.int64)
    codes.setflags(write=False)
    assert NeuralClassifier()._target(codes, reset=True).tolist() == codes.tolist()
