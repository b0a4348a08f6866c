"""The public function against enumeration, for any form and any range."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.sequence import forward_backward
from tests.oracles.sequence_enumeration import posterior


@pytest.mark.parametrize("scale", [1.0, 500.0])
def test_equals_enumeration(scale):
    rng = np.random.default_rng(0)
    for n, T in ((1, 1), (2, 4), (3, 3)):
        scores, moves, start, end = (scale * rng.normal(size=s) for s in ((T, n), (n, n), n, n))
        found = forward_backward(scores, moves, start, end)
        z, marginals, pairs = posterior(scores, moves, start, end)
        assert found.log_likelihood == pytest.approx(z, rel=1e-12)
        np.testing.assert_allclose(found.marginals, marginals, atol=1e-10)
        np.testing.assert_allclose(found.pairs, pairs, atol=1e-10)


def test_equals_enumeration_where_weights_underflow():
    rng = np.random.default_rng(3)
    for case in range(400):
        n, scale, forbidden = rng.integers(1, 4), 10 ** rng.uniform(0, 3.5), rng.choice([0.0, 0.2])

        def draw(*shape, scale=scale, forbidden=forbidden):
            return np.where(rng.random(shape) < forbidden, -np.inf, scale * rng.normal(size=shape))

        moves, start, end = draw(n, n), draw(n), draw(n)
        parts = [draw(t, n) for t in ([1, 2, 3, 1, 2, 3] if case % 4 == 0 else [case % 3 + 1])]  # in lanes, or alone
        found = forward_backward(parts, moves, start, end)
        with np.errstate(invalid="ignore"):
            answers = [posterior(part, moves, start, end) for part in parts]
        for k, (z, marginals, _) in enumerate(answers):
            assert found.log_likelihood[k] == pytest.approx(z, rel=1e-11, abs=1e-9)
            np.testing.assert_allclose(found.marginals[k], marginals, atol=1e-9)
        np.testing.assert_allclose(found.pairs, sum(pairs for _, _, pairs in answers), atol=1e-9)


def test_a_product_of_weights_below_the_smallest_float():
    start, end = [1207.063814404234, -247.95062816864237, 658.694696832213], [20.28, -173.95, 490.808]
    found = forward_backward(
        [[204.32580366333772, 470.25531483065885, -497.5980023453488]], np.zeros((3, 3)), start, end
    )
    np.testing.assert_allclose(found.marginals, [[1.0, 0.0, 0.0]], atol=1e-12)
    assert found.log_likelihood == pytest.approx(204.32580366333772 + start[0] + end[0], rel=1e-14)


def test_marginals_of_huge_scores_are_probabilities():
    rng = np.random.default_rng(0)
    for scale in (1e12, 1e20, 1e280):
        found = forward_backward(scale * rng.normal(size=(50, 3)), scale * rng.normal(size=(3, 3)))
        np.testing.assert_allclose(found.marginals.sum(axis=1), 1.0, rtol=1e-12)
        assert found.pairs.sum() == pytest.approx(49.0, rel=1e-12)


def test_every_form_of_input_gives_the_same():
    rng = np.random.default_rng(0)
    moves = rng.normal(size=(3, 3))
    parts = [rng.normal(size=(t, 3)) for t in (4, 1, 0, 3)]
    padded = np.full((4, 4, 3), np.nan)
    for k, part in enumerate(parts):
        padded[k, : len(part)] = part
    listed, boxed = forward_backward(parts, moves), forward_backward(padded, moves, lengths=[4, 1, 0, 3])
    assert listed.log_likelihood[2] == 0.0
    np.testing.assert_array_equal(listed.log_likelihood, boxed.log_likelihood)
    np.testing.assert_array_equal(listed.pairs, boxed.pairs)
    for k, part in enumerate(parts):
        np.testing.assert_array_equal(listed.marginals[k], boxed.marginals[k, : len(part)])
        assert not boxed.marginals[k, len(part) :].any()


def test_constants_move_log_z_alone():
    rng = np.random.default_rng(1)
    scores, moves, start = rng.normal(size=(6, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)
    plain = forward_backward(scores, moves, start)
    moved = forward_backward(scores + 1e4, moves - 1000.0, start + 7.0, np.full(3, 2.0))
    assert moved.log_likelihood == pytest.approx(plain.log_likelihood + 6e4 - 5000.0 + 9.0, rel=1e-12)
    np.testing.assert_allclose(moved.marginals, plain.marginals, rtol=1e-9)


def test_nothing_is_allowed():
    found = forward_backward(np.full((2, 2), -np.inf), np.full((2, 2), -np.inf))
    assert found.log_likelihood == -np.inf
    assert not found.marginals.any()
    assert not found.pairs.any()


def test_refuses():
    with pytest.raises(DataError, match="row 1 of"):
        forward_backward([[0.0, 0.0], [np.nan, 0.0]], np.zeros((2, 2)))
    with pytest.raises(DataError, match="a column for each state"):
        forward_backward(np.ones((4, 0)), np.zeros((0, 0)))
    with pytest.raises(DataError, match="transitions must lie within"):
        forward_backward(np.ones((2, 1)), [[-1e300]])
