"""Every score is scikit-learn's, also where it is computed here."""

import warnings

import numpy as np
import pytest
from sklearn import metrics as peer
from sklearn.linear_model import LogisticRegression, RidgeClassifier

from panlearn.core.errors import DataError
from panlearn.evaluation.metrics import Output, choose_metric, metrics_of, output_of, score
from panlearn.evaluation.tasks import Target

rng = np.random.default_rng(0)


def values(task, y, output, classes=()):
    return score(y, output, classes, metrics_of(task))


def test_binary_matches_peer():
    y = np.array(["no", "yes"])[rng.integers(0, 2, 50)]
    p = rng.uniform(0.01, 0.99, 50)
    guess = np.where(p > 0.5, "yes", "no")
    found = values("binary", y, Output(guess, np.column_stack([1 - p, p]), p), ("no", "yes"))
    assert found == pytest.approx(
        {
            "accuracy": peer.accuracy_score(y, guess),
            "balanced_accuracy": peer.balanced_accuracy_score(y, guess),
            "roc_auc": peer.roc_auc_score(y == "yes", p),
            "log_loss": peer.log_loss(y == "yes", p),
            "brier": peer.brier_score_loss(y == "yes", p),
        }
    )


def test_multiclass_matches_peer():
    classes = ("a", "b", "c")
    codes = rng.integers(0, 3, 60)
    p = rng.dirichlet([1, 1, 1], 60)
    y, guess = np.array(classes)[codes], np.array(classes)[p.argmax(axis=1)]
    found = values("multiclass", y, Output(guess, p, None), classes)
    assert found["log_loss"] == pytest.approx(peer.log_loss(y, p))
    assert found["macro_f1"] == pytest.approx(peer.f1_score(y, guess, average="macro"))
    assert found["balanced_accuracy"] == pytest.approx(peer.balanced_accuracy_score(y, guess))


def test_amounts_and_counts_match_peer():
    y = rng.poisson(2.0, 40).astype(float)
    guess = rng.uniform(0.5, 4, 40)
    assert values("counts", y, Output(guess, None, None))["poisson_deviance"] == pytest.approx(
        peer.mean_poisson_deviance(y, guess)
    )
    found = values("regression", y, Output(guess, None, None))
    assert found["r2"] == pytest.approx(peer.r2_score(y, guess))
    assert found["rmse"] == pytest.approx(peer.root_mean_squared_error(y, guess))
    assert found["mae"] == pytest.approx(peer.mean_absolute_error(y, guess))


def test_a_count_forecast_of_zero_is_bad_but_finite():
    zero, one = (
        values("counts", np.ones(3), Output(np.full(3, m), None, None))["poisson_deviance"] for m in (0.0, 1.0)
    )
    assert one == pytest.approx(0)
    assert 10 < zero < np.inf


def test_class_order_is_that_of_the_values_not_of_the_texts():
    y = np.array(["9", "10", "10"])
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    found = values("binary", y, Output(np.array(["9", "10", "10"]), p, p[:, 1]), ("9", "10"))
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.8, 0.6]).mean())
    assert found["roc_auc"] == 1.0


def test_classes_unseen_in_training_get_probability_zero():
    X, y = rng.normal(size=(20, 2)), np.array(["a", "c"] * 10)
    target = Target(y, "multiclass", ("a", "b", "c"), ())
    output = output_of(LogisticRegression().fit(X, y), X, target)
    assert output.probability is not None
    assert output.probability.shape == (20, 3)
    assert (output.probability[:, 1] == 0).all()


def test_a_method_without_probabilities_has_roc_auc_but_no_log_loss():
    X = rng.normal(size=(40, 2))
    y = np.where(X[:, 0] > 0, "yes", "no")
    target = Target(y, "binary", ("no", "yes"), ())
    found = values("binary", y, output_of(RidgeClassifier().fit(X, y), X, target), ("no", "yes"))
    assert found["roc_auc"] > 0.95
    assert np.isnan([found["log_loss"], found["brier"]]).all()


def test_one_class_in_a_fold_leaves_roc_auc_out_without_a_warning():
    p = np.array([0.2, 0.8])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = values(
            "binary", np.array(["no", "no"]), Output(np.array(["no", "yes"]), np.c_[1 - p, p], p), ("no", "yes")
        )
    assert np.isnan(found["roc_auc"])
    assert found["balanced_accuracy"] == 0.5


def test_names_are_forgiving_and_unknown_ones_are_refused():
    assert choose_metric("regression", None).name == "r2"
    assert choose_metric("multiclass", "Macro-F1").name == "macro_f1"
    with pytest.raises(DataError, match="choose among r2, rmse, mae"):
        choose_metric("regression", "accuracy")
