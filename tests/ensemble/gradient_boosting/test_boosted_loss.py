"""Losses as boosting uses them: derivatives by finite differences, starts and inverse links against scikit-learn."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn._loss import (
    AbsoluteError,
    HalfBinomialLoss,
    HalfGammaLoss,
    HalfMultinomialLoss,
    HalfPoissonLoss,
    HalfSquaredError,
    HalfTweedieLoss,
    PinballLoss,
)

from panlearn.ensemble.gradient_boosting.boosted_loss import (
    ExponentialClasses,
    HuberQuantile,
    LogLink,
    ManyClasses,
    Quantile,
    Squared,
    TwoClasses,
)

RNG = np.random.default_rng(0)
NUMBERS, COUNTS = RNG.normal(size=60), RNG.poisson(2.0, 60).astype(float)
SMOOTH = [
    (Squared(), NUMBERS),
    (LogLink(1.0), COUNTS),
    (LogLink(2.0), COUNTS + 0.5),
    (LogLink(1.5), COUNTS),
    (TwoClasses(), (NUMBERS > 0).astype(float)),
    (ExponentialClasses(), (NUMBERS > 0).astype(float)),
    (ManyClasses(3), RNG.integers(0, 3, 60).astype(float)),
]
PEERS = [
    (Squared(), HalfSquaredError(), NUMBERS),
    (Quantile(0.5, scale=2.0), AbsoluteError(), NUMBERS),
    (Quantile(0.3), PinballLoss(quantile=0.3), NUMBERS),
    (LogLink(1.0), HalfPoissonLoss(), COUNTS),
    (LogLink(2.0), HalfGammaLoss(), COUNTS + 0.5),
    (TwoClasses(), HalfBinomialLoss(), (NUMBERS > 0).astype(float)),
    (ManyClasses(3), HalfMultinomialLoss(n_classes=3), RNG.integers(0, 3, 60).astype(float)),
]


def name(value):
    return type(value).__name__ if not isinstance(value, np.ndarray) else ""


@pytest.mark.parametrize(("loss", "y"), SMOOTH, ids=name)
def test_derivatives_by_finite_differences(loss, y):
    raw, step = RNG.normal(size=(60, loss.columns)), 1e-5
    g, h = loss.derivatives(raw, y)
    for c in range(loss.columns):
        move = np.zeros(loss.columns)
        move[c] = step
        up, down = loss.values(raw + move, y), loss.values(raw - move, y)
        np.testing.assert_allclose(g[:, c], (up - down) / (2 * step), rtol=1e-5, atol=1e-7)
        second = (up - 2 * loss.values(raw, y) + down) / step**2
        np.testing.assert_allclose(1.0 if h is None else h[:, c], second, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("loss", "peer", "y"), PEERS, ids=name)
def test_matches_scikit_learn(loss, peer, y):
    raw = RNG.normal(size=(60, loss.columns))
    shaped = np.ascontiguousarray(raw if loss.columns > 1 else raw[:, 0])
    weight = RNG.uniform(0.5, 2.0, 60)
    g, h = peer.gradient_hessian(y_true=y, raw_prediction=shaped)
    ours = loss.derivatives(raw, y)
    np.testing.assert_allclose(ours[0].reshape(g.shape), g, rtol=1e-10, atol=1e-12)
    if ours[1] is not None:
        np.testing.assert_allclose(ours[1].reshape(h.shape), h, rtol=1e-10, atol=1e-12)
    assert loss(y, raw, weight) == pytest.approx(peer(y_true=y, raw_prediction=shaped, sample_weight=weight))
    if not loss.refines:  # weighted quantiles are interpolated differently
        start = np.reshape(peer.fit_intercept_only(y_true=y, sample_weight=weight), -1)
        np.testing.assert_allclose(loss.start(y, weight), start, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(loss.inverse(raw).reshape(g.shape), peer.link.inverse(shaped), rtol=1e-10)


def test_tweedie_is_scikit_learns_up_to_its_constant():
    raw, peer = RNG.normal(size=(60, 1)), HalfTweedieLoss(power=1.5)
    g, h = peer.gradient_hessian(y_true=COUNTS, raw_prediction=raw[:, 0].copy())
    ours: Any = LogLink(1.5).derivatives(raw, COUNTS)
    np.testing.assert_allclose(ours[0][:, 0], g, rtol=1e-10)
    np.testing.assert_allclose(ours[1][:, 0], h, rtol=1e-10)


@pytest.mark.parametrize(
    ("loss", "y"), [*SMOOTH[:6], (Quantile(0.2), NUMBERS), (HuberQuantile(0.9), NUMBERS)], ids=name
)
def test_the_start_is_the_best_constant(loss, y):
    loss.begin(np.zeros((60, 1)), y, None)
    best = minimize_scalar(lambda z: loss.mean(np.full((60, 1), z), y, None), bounds=(-5, 5), method="bounded")
    mean = loss.mean(np.tile(loss.start(y, None), (60, 1)), y, None)
    if not isinstance(loss, HuberQuantile):  # starts from the median
        assert mean <= best.fun + 1e-8


def test_weights_are_repetitions():
    repeats = RNG.integers(0, 4, 60)
    for loss, y in [*SMOOTH, (Quantile(0.3), NUMBERS), (HuberQuantile(0.7), NUMBERS)]:
        np.testing.assert_allclose(
            loss.start(y, repeats.astype(float)),
            loss.start(np.repeat(y, repeats), None),
            rtol=1e-10,
            err_msg=name(loss),
        )
    raw = np.zeros((60, 1))
    huber, repeated = HuberQuantile(0.7), HuberQuantile(0.7)
    huber.begin(raw, NUMBERS, repeats.astype(float))
    repeated.begin(np.repeat(raw, repeats, axis=0), np.repeat(NUMBERS, repeats), None)
    assert huber.inner.parameter == repeated.inner.parameter


def test_several_targets_are_one_loss_each():
    Y, raw = RNG.normal(size=(40, 2)), RNG.normal(size=(40, 2))
    for loss in (Squared(2), Quantile(0.4, 2), LogLink(1.0, 2)):
        target = np.abs(Y)
        g, _ = loss.derivatives(raw, target)
        for c in range(2):
            np.testing.assert_array_equal(g[:, c], loss.derivatives(raw[:, c : c + 1], target[:, c])[0][:, 0])
        assert loss.start(target, None).shape == (2,)


def test_probabilities_sum_to_one_however_sure():
    for loss in (TwoClasses(), ExponentialClasses(), ManyClasses(3)):
        p = loss.predict_proba(np.full((2, loss.columns), 800.0) * [[1.0], [-1.0]])
        np.testing.assert_allclose(p.sum(axis=1), 1.0)
        assert np.isfinite(p).all()
