"""exp, log and their relatives: error in units in the last place, special values, monotony, SIMD code."""

import platform
import re

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from panlearn.core import numerics
from panlearn.core.jit import FAST, kernel
from panlearn.core.numerics import decay, exp, exp2_single, log, log1p, log1pexp, logsumexp, sigmoid
from tests.oracles import numerics as oracle

TINY, HUGE = 5e-324, np.finfo(np.float64).max
LARGEST_EXPONENT, SMALLEST_EXPONENT = 709.782712893384, -745.1332191019411  # where exp is still finite, still positive


@kernel
def _exp(x, out):
    for i in range(x.size):
        out[i] = exp(x[i])


@kernel
def _log(x, out):
    for i in range(x.size):
        out[i] = log(x[i])


@kernel
def _log1p(x, out):
    for i in range(x.size):
        out[i] = log1p(x[i])


@kernel
def _log1pexp(x, out):
    for i in range(x.size):
        out[i] = log1pexp(x[i])


@kernel
def _sigmoid(x, out):
    for i in range(x.size):
        out[i] = sigmoid(x[i])


@kernel
def _exp2_single(x, out):
    for i in range(x.size):
        out[i] = exp2_single(x[i])


LOOPS = {"exp": _exp, "log": _log, "log1p": _log1p, "log1pexp": _log1pexp, "sigmoid": _sigmoid}


def values(name, x):
    """The function over an array, as kernels call it: in a loop."""
    x = np.asarray(x, dtype=np.float64)
    out = np.empty(x.size)
    LOOPS[name](x.ravel(), out)
    return out.reshape(x.shape)


def signed(rng, low, high, size):
    """Both signs, all magnitudes from 10^low to 10^high."""
    return rng.choice([-1.0, 1.0], size) * 10.0 ** rng.uniform(low, high, size)


def samples(name, rng, size=60_000):
    """Points over the whole range: uniform, of every magnitude down to the subnormals, and around each seam."""
    powers = 2.0 ** np.arange(-1074, 1024)
    if name == "exp":
        seams = (np.arange(-1075, 1025) + 0.5) * np.log(2)
        below = rng.uniform(SMALLEST_EXPONENT, -708, size)  # subnormal results
        x = [rng.uniform(-746, 709.78, size), rng.uniform(-1, 1, size), signed(rng, -320, 0, size), seams, below]
        return np.minimum(np.concatenate(x), LARGEST_EXPONENT)
    if name == "log":
        near_one = 1 + signed(rng, -16, -1, size)
        x = [10.0 ** rng.uniform(-323.3, 308.2, size), rng.uniform(0.5, 2, size), near_one, powers, powers * 0.5**0.5]
        return np.concatenate(x)[np.concatenate(x) > 0]
    if name == "log1p":
        near_minus_one = -1 + 10.0 ** rng.uniform(-15.9, 0, size)
        x = [rng.uniform(-0.9, 2, size), signed(rng, -320, -0.1, size), 10.0 ** rng.uniform(0, 308, size)]
        return np.concatenate([*x, near_minus_one])
    return np.concatenate([rng.uniform(-745, 800, size), rng.uniform(-40, 40, 3 * size), signed(rng, -320, 0, size)])


@pytest.mark.skipif(not oracle.EXTENDED, reason="longdouble is float64 on this platform")
@pytest.mark.parametrize("name", LOOPS)
def test_matches_oracle(name):
    x = samples(name, np.random.default_rng(0))
    error = oracle.ulps(values(name, x), getattr(oracle, name)(x))
    assert error.max() <= 2.0, f"{name} is off by {error.max():.2f} units at {x[error.argmax()]!r}"


@pytest.mark.skipif(not oracle.EXTENDED, reason="longdouble is float64 on this platform")
@given(st.integers(0, 1000), st.integers(1, 60), st.floats(-1e4, 1e4), st.floats(0, 50))
def test_logsumexp_matches_oracle(seed, n, shift, spread):
    """Within 2 units of the largest number that takes part: top + log(total) may cancel."""
    x = shift + spread * np.random.default_rng(seed).normal(size=n)
    true = oracle.logsumexp(x)
    unit = np.spacing(max(abs(x.max()), float(abs(true)), np.log(n)))
    assert abs(logsumexp(x) - float(true)) <= 2 * unit


def test_matches_peer():
    """NumPy's and SciPy's own functions, to the bit or one beside it."""
    x = np.random.default_rng(0).normal(size=10_000) * 20
    peers = {"exp": np.exp, "log1pexp": lambda x: np.logaddexp(0, x), "sigmoid": special.expit}
    for name, peer in peers.items():
        np.testing.assert_allclose(values(name, x), peer(x), rtol=1e-15)
    for name, peer in {"log": np.log, "log1p": np.log1p}.items():
        np.testing.assert_allclose(values(name, np.abs(x)), peer(np.abs(x)), rtol=1e-15)
    for n in (1, 2, 1000):
        np.testing.assert_allclose(logsumexp(x[:n]), np.asarray(special.logsumexp(x[:n])), rtol=1e-15)


SPECIAL = {
    "exp": [
        (0.0, 1.0), (-0.0, 1.0), (np.inf, np.inf), (-np.inf, 0.0), (np.nan, np.nan), (TINY, 1.0), (1e-300, 1.0),
        (np.nextafter(LARGEST_EXPONENT, np.inf), np.inf), (SMALLEST_EXPONENT, TINY), (HUGE, np.inf),
        (np.nextafter(SMALLEST_EXPONENT, -np.inf), 0.0), (-HUGE, 0.0),
    ],
    "log": [
        (0.0, -np.inf), (-0.0, -np.inf), (1.0, 0.0), (np.inf, np.inf), (-np.inf, np.nan), (np.nan, np.nan),
        (-TINY, np.nan), (-1.0, np.nan),
    ],
    "log1p": [
        (0.0, 0.0), (-0.0, 0.0), (-1.0, -np.inf), (-1.5, np.nan), (np.inf, np.inf), (-np.inf, np.nan), (np.nan, np.nan),
        (TINY, TINY), (-TINY, -TINY),
    ],
    "log1pexp": [
        (np.inf, np.inf), (-np.inf, 0.0), (np.nan, np.nan), (HUGE, HUGE), (-HUGE, 0.0), (SMALLEST_EXPONENT, TINY),
        (0.0, np.log(2.0)),
    ],
    "sigmoid": [
        (np.inf, 1.0), (-np.inf, 0.0), (np.nan, np.nan), (0.0, 0.5), (-0.0, 0.5), (HUGE, 1.0), (-HUGE, 0.0),
        (SMALLEST_EXPONENT, TINY), (40.0, 1.0),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", SPECIAL)
def test_edge_cases(name):
    x, true = np.array(SPECIAL[name]).T
    np.testing.assert_array_equal(values(name, x), true)
    for argument, value in SPECIAL[name]:  # and the same when called on its own
        np.testing.assert_array_equal(getattr(numerics, name)(argument), value)


def test_the_largest_finite_exponential():
    """The edge of the range is not lost: 2^1024 is reached in two factors."""
    assert np.isfinite(exp(LARGEST_EXPONENT))
    assert np.isclose(exp(LARGEST_EXPONENT), HUGE, rtol=1e-12)


@pytest.mark.parametrize(
    ("x", "true"),
    [
        ([], -np.inf), ([-np.inf], -np.inf), ([-np.inf, -np.inf], -np.inf), ([np.inf, 1.0], np.inf),
        ([np.inf, -np.inf], np.inf), ([np.nan], np.nan), ([np.nan, np.inf], np.nan), ([-np.inf, np.nan], np.nan),
        ([1.0, np.nan, 2.0], np.nan), ([-np.inf, 3.0], 3.0), ([HUGE, HUGE], HUGE), ([-HUGE], -HUGE), ([7.0], 7.0),
        ([1000.0, 1000.0], 1000.0 + np.log(2.0)), ([0.0, -1e4], 0.0),
    ],
)  # fmt: skip
def test_logsumexp_edge_cases(x, true):
    np.testing.assert_array_equal(logsumexp(np.array(x, dtype=np.float64)), true)


def neighbours(centres, steps=40):
    """Consecutive floats around each centre, (2 steps + 1, centres)."""
    up, down = [np.asarray(centres)], [np.asarray(centres)]
    for _ in range(steps):
        up.append(np.nextafter(up[-1], np.inf))
        down.append(np.nextafter(down[-1], -np.inf))
    return np.array(down[:0:-1] + up)


def test_monotone_at_the_seams():
    """Where the exponent k changes, the polynomial of one side continues that of the other."""
    x = neighbours((np.arange(-1074, 1024) + 0.5) * np.log(2))
    assert (np.diff(values("exp", x), axis=0) >= 0).all()
    x = neighbours(np.sqrt(0.5) * 2.0 ** np.arange(-1021, 1024))
    assert (np.diff(values("log", x), axis=0) >= 0).all()
    for name, centre in (("exp", 0.0), ("log", 1.0), ("log1p", 0.0), ("sigmoid", 0.0), ("log1pexp", 0.0)):
        assert (np.diff(values(name, neighbours([centre], 2000)[:, 0])) >= 0).all()


@given(st.floats(-700, 700))
def test_invariances(x):
    """exp and log undo each other; the two tails of the sigmoid add to one; softplus(x) - softplus(-x) = x."""
    assert np.isclose(log(exp(x)), x, rtol=1e-15, atol=2e-16)
    assert np.isclose(exp(x) * exp(-x), 1.0, rtol=1e-15)
    assert np.isclose(sigmoid(x) + sigmoid(-x), 1.0, rtol=3e-16)
    assert np.isclose(log1pexp(x) - log1pexp(-x), x, rtol=1e-15)
    assert np.isclose(log(sigmoid(x)), -log1pexp(-x), rtol=1e-15, atol=2e-16)


@given(st.integers(0, 1000), st.integers(1, 30), st.floats(-500, 500))
def test_logsumexp_invariances(seed, n, shift):
    x = np.random.default_rng(seed).normal(size=n)
    assert np.isclose(logsumexp(x + shift), logsumexp(x) + shift, rtol=1e-13, atol=1e-13)
    assert np.isclose(logsumexp(x[::-1].copy()), logsumexp(x), rtol=1e-15, atol=1e-15)
    assert np.isclose(logsumexp(np.repeat(x, 3)), logsumexp(x) + np.log(3), rtol=1e-14, atol=1e-15)


def test_single_precision_and_integers_are_widened():
    x = np.array([0.5, -2.25, 3.0], dtype=np.float32)
    assert logsumexp(x) == logsumexp(x.astype(np.float64))
    assert exp(np.float32(0.5)) == exp(0.5)
    assert exp(1) == exp(1.0)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86 assembly")
@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_loops_vectorise(loop):
    """LLVM turns the loop into packed instructions, and nothing is left of libm."""
    fresh = numba.njit(fastmath=set(FAST), error_model="numpy")(loop.py_func)  # one from the cache has no assembly
    fresh.compile((numba.float64[::1], numba.float64[::1]))
    assembly = next(iter(fresh.inspect_asm().values()))
    assert re.search(r"\bv?(mul|fmadd\d+)pd\b", assembly)
    assert not re.search(r"\bcall\w*\s+\*?%?\$?(exp|log|log1p)\b", assembly)


def test_decay_is_exp_below_zero():
    """The same bits down to the last normal numbers, then zero; NaN stays."""
    x = -np.concatenate([np.random.default_rng(0).uniform(0, 708, 5000), [0.0, 1e-300, 708.39]])
    assert [decay(v) for v in x] == [exp(v) for v in x]
    assert [decay(v) for v in (-708.4, -1e300, -np.inf)] == [0.0, 0.0, 0.0]
    assert np.isnan(decay(np.nan))


def test_exp2_single():
    """Within 1.5 units in the last place of float32, flushed to 0 below the normal numbers, exact at integers."""
    rng = np.random.default_rng(0)
    seams = np.arange(-126, 128) + 0.5
    x = np.concatenate([rng.uniform(-126, 128, 60_000), seams, rng.normal(size=1000) * 1e-3]).astype(np.float32)
    out = np.empty_like(x)
    _exp2_single(x, out)
    true = np.exp2(x.astype(np.float64))
    assert (np.abs(out - true) / np.spacing(true.astype(np.float32))).max() <= 1.5
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -126.0, -126.5, -1e30, 127.0, 128.0, 1e30], dtype=np.float32)
    out = np.empty_like(special)
    _exp2_single(special, out)
    np.testing.assert_array_equal(out, [np.nan, np.inf, 0, 1, 2.0**-126, 0, 0, 2.0**127, np.inf, np.inf])
    whole = np.arange(-126, 128).astype(np.float32)
    out = np.empty_like(whole)
    _exp2_single(whole, out)
    np.testing.assert_array_equal(out, 2.0**whole)
