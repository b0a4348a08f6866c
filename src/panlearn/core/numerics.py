"""exp, log and their relatives as kernels that LLVM turns into SIMD code.

libm's `exp` is a call that no loop vectorises over (7.6 ns an element); the polynomial below is a straight line of
fused multiply-adds (1 ns). Reduction and polynomial follow the classical scheme [cody1980]:

    exp(x) = 2^k exp(r),    k = round(x / ln 2),  r = x - k ln 2 in two parts,  |r| <= ln(2)/2
    log(x) = k ln 2 + log(m),   x = 2^k m,  sqrt(1/2) <= m < sqrt(2),  log(m) = 2 atanh(s),  s = (m - 1)/(m + 1)

All are within 2 units in the last place of the true value over the whole range, subnormals included, and follow
IEEE 754 for infinities and NaN. They are compiled without reassociation: the two-part reduction hangs on it.
`exp2_single` is 2^x in float32, twice as many numbers an instruction and no second part of ln 2: for kernel matrices.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from panlearn.core.jit import EXACT, kernel


@intrinsic
def as_bits(context, x):
    """The 64 bits of a float64 as an integer."""

    def generate(_, builder, __, args):
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def as_float(context, bits):
    """The float64 with these 64 bits."""

    def generate(_, builder, __, args):
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), generate


SHIFT = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to an integer, which then sits in the low bits
SHIFT_BITS = np.int64(0x4338000000000000)
LOG2E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10  # ln 2 = high + low, k * high is exact
SQRT_HALF_BITS = np.int64(0x3FE6A09E667F3BCD)
EXPONENT_MASK = np.int64(-(1 << 52))  # sign and exponent


@kernel(fastmath=EXACT, inline=True)
def to_float(k):
    """A whole number below 2^51 in size as a float64; without AVX-512, conversions are no SIMD instruction."""
    return as_float(k + SHIFT_BITS) - SHIFT  # type: ignore[call-arg]


@kernel(fastmath=EXACT, inline=True)
def _exp_reduced(r):
    """E to the r for |r| <= ln(2)/2: Taylor, |r|^14/14! < 2^-57, below half a unit in the last place."""
    p = 1 / 6227020800.0
    p = p * r + 1 / 479001600.0
    p = p * r + 1 / 39916800.0
    p = p * r + 1 / 3628800.0
    p = p * r + 1 / 362880.0
    p = p * r + 1 / 40320.0
    p = p * r + 1 / 5040.0
    p = p * r + 1 / 720.0
    p = p * r + 1 / 120.0
    p = p * r + 1 / 24.0
    p = p * r + 1 / 6.0
    p = p * r + 0.5
    return p * r * r + r + 1.0


@kernel(fastmath=EXACT, inline=True)
def exp(x):
    """E to the x."""
    z = min(max(x, -746.0), 710.0)  # exp is 0 below and inf above: k stays small
    shifted = z * LOG2E + SHIFT
    k = as_bits(shifted) - SHIFT_BITS  # type: ignore[call-arg]
    whole = shifted - SHIFT
    r = (z - whole * LN2_HIGH) - whole * LN2_LOW
    p = _exp_reduced(r)
    half = k >> 1  # 2^k as a product of two: k reaches 1024 and -1075, where one factor over- or underflows
    y = p * as_float((half + 1023) << 52) * as_float((k - half + 1023) << 52)
    return y if x == x else x  # NaN in, NaN out


@kernel(fastmath=EXACT, inline=True)
def decay(x):
    """E to the x for x <= 0, and 0 below the normal numbers: half the operations of `exp`."""
    z = max(x, -708.39)
    shifted = z * LOG2E + SHIFT
    whole = shifted - SHIFT
    r = (z - whole * LN2_HIGH) - whole * LN2_LOW
    k = as_bits(shifted) - SHIFT_BITS  # type: ignore[call-arg]
    y = _exp_reduced(r) * as_float((k + 1023) << 52)
    y = y if x >= -708.39 else 0.0
    return y if x == x else x


@kernel(fastmath=EXACT, inline=True)
def log(x):
    """Natural logarithm: -inf at 0, NaN below."""
    tiny = x < 2.2250738585072014e-308  # subnormal: scale by 2^54 first
    z = x * 18014398509481984.0 if tiny else x
    bits = as_bits(z)  # type: ignore[call-arg]
    exponent = (bits - SQRT_HALF_BITS) & EXPONENT_MASK  # 2^k with the mantissa in [sqrt(1/2), sqrt(2))
    k = as_float((exponent >> 52) + SHIFT_BITS) - SHIFT  # the integer as a float, without a conversion
    k = k - 54.0 if tiny else k
    f = as_float(bits - exponent) - 1.0
    s = f / (2.0 + f)
    t = s * s
    p = 0.1479819860511658591
    p = p * t + 0.1531383769920937332
    p = p * t + 0.1818357216161805012
    p = p * t + 0.2222219843214978396
    p = p * t + 0.2857142874366239149
    p = p * t + 0.3999999999940941908
    p = p * t + 0.6666666666666735130
    half_square = 0.5 * f * f
    y = k * LN2_HIGH - ((half_square - (s * (half_square + t * p) + k * LN2_LOW)) - f)
    y = y if x > 0.0 else (-np.inf if x == 0.0 else np.nan)
    return y if x < np.inf else x + x  # inf and NaN stay


@kernel(fastmath=EXACT, inline=True)
def log1p(x):
    """log(1 + x), exact to rounding also where 1 + x rounds to 1."""
    u = 1.0 + x
    lost = x - (u - 1.0) if u < 1e16 else 0.0  # what the addition rounded away
    return log(u) + (lost / u if u > 0.0 else 0.0)


@kernel(fastmath=EXACT, inline=True)
def log1pexp(x):
    """log(1 + exp(x)), the softplus, without overflow."""
    return max(x, 0.0) + log1p(exp(-abs(x)))


@kernel(fastmath=EXACT, inline=True)
def sigmoid(x):
    """1 / (1 + exp(-x)), accurate in both tails."""
    e = exp(-abs(x))
    q = e / (1.0 + e)
    return 1.0 - q if x >= 0.0 else e - e * q  # e - e q rounds less than q itself, its equal


@intrinsic
def as_bits_single(context, x):
    """The 32 bits of a float32 as an integer."""

    def generate(_, builder, __, args):
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), generate


@intrinsic
def as_single(context, bits):
    """The float32 with these 32 bits."""

    def generate(_, builder, __, args):
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), generate


SINGLE = np.float32
SHIFT_SINGLE = SINGLE(12582912.0)  # 1.5 * 2^23


@kernel(fastmath=EXACT, inline=True)
def exp2_single(x):
    """2^x of a float32; 0 below the normal numbers, that is for x < -126."""
    z = min(max(x, SINGLE(-126.0)), SINGLE(128.0))  # at 128 the exponent's bits are those of inf
    shifted = z + SHIFT_SINGLE
    r = z - (shifted - SHIFT_SINGLE)  # exact, |r| <= 1/2
    p = SINGLE(0.00015461447765119374)  # (2^r - 1) / r interpolated at Chebyshev nodes: relative error below 2^-23
    p = p * r + SINGLE(0.0013390866806730628)
    p = p * r + SINGLE(0.009618056938052177)
    p = p * r + SINGLE(0.055503569543361664)
    p = p * r + SINGLE(0.24022650718688965)
    p = p * r + SINGLE(0.6931471824645996)
    p = p * r + SINGLE(1.0)
    y = as_single(np.int32(as_bits_single(p) + np.int32(as_bits_single(shifted) << 23)))  # type: ignore[call-arg]
    y = y if x >= SINGLE(-126.0) else SINGLE(0.0)
    return y if x == x else x


@kernel
def logsumexp(x):
    """log(sum(exp(x))) of a vector; -inf for an empty one."""
    top = -np.inf
    for i in range(x.size):
        top = max(top, x[i])
    if not np.isfinite(top):  # max passes over NaN
        for i in range(x.size):
            if np.isnan(x[i]):
                return np.nan
        return top
    total = 0.0
    for i in range(x.size):
        total += exp(x[i] - top)
    return top + log(total)
