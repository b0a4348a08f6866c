"""What both Gaussian classifiers share: labels, batches, covariance estimators."""

import numpy as np
import pytest
from sklearn.covariance import EmpiricalCovariance

from panlearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis

MODELS = [LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis]
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 2)), np.array(["no", "yes"] * 20)


@pytest.mark.parametrize("cls", MODELS)
def test_labels_come_back(cls):
    assert set(cls().fit(X, Y).predict(X)) <= {"no", "yes"}
    model = cls().partial_fit(X, Y, classes=["no", "yes"])
    np.testing.assert_array_equal(model.predict(X), cls().fit(X, Y).predict(X))


@pytest.mark.parametrize("cls", MODELS)
def test_first_batch_names_the_classes(cls):
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        cls().partial_fit(X, Y)
    with pytest.raises(ValueError, match="one class"):
        cls().partial_fit(X, Y, classes=["no"])


@pytest.mark.parametrize("cls", MODELS)
def test_the_empirical_estimator_changes_nothing(cls):
    plain, estimated = (cls(solver="eigen", covariance_estimator=e).fit(X, Y) for e in (None, EmpiricalCovariance()))
    np.testing.assert_allclose(estimated.predict_proba(X), plain.predict_proba(X), atol=1e-10)
