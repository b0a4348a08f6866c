"""Any vector is a mixture, and a mixture comes back from its vector."""

import numpy as np
import pytest

from panlearn.mixture.gaussian_packing import packing
from panlearn.mixture.gaussian_parameters import build, precisions
from tests.oracles.gaussian_mixture import matrices


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_round_trip_and_any_vector(kind):
    rng = np.random.default_rng(0)
    S = {"full": [np.diag([1.0, 2.0]) + 0.5] * 3, "tied": np.diag([1.0, 2.0]) + 0.5, "diag": [[1.0, 2.0]] * 3}
    part = np.array(S.get(kind, [1.0, 2.0, 3.0]))
    p, coordinates = build(kind, np.array([0.2, 0.3, 0.5]), rng.normal(size=(3, 2)), part, 1e-6), packing(kind)
    vector = coordinates.pack(p)
    for a, b in zip(p, coordinates.unpack(vector), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    q = coordinates.unpack(vector + 3 * rng.normal(size=len(vector)))
    assert q.weights.sum() == pytest.approx(1)
    pairs = zip(matrices(kind, q.covariances, 3, 2), matrices(kind, precisions(kind, q.factors), 3, 2), strict=True)
    for covariance, precision in pairs:
        assert (np.linalg.eigvalsh(covariance) > 0).all()
        np.testing.assert_allclose(covariance @ precision, np.eye(2), atol=1e-6)
