"""Smooth functions. Those of float32 fit into vectors, eight and more at a time; those of float64 are the C library's.

Computed in float64 and rounded once: within 0.6 units in the last place of float32, as a test against float64 shows.
Sources: J.-M. Muller et al., "Handbook of floating-point arithmetic", 2018, for the exponential; M. M. Shepherd,
J. G. Laframboise, "Chebyshev approximation of (1 + 2x) exp(x²) erfc(x) in 0 ≤ x < ∞", Math. Comp. 1981. Polynomials
are those through Chebyshev's points.
"""

import math

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from scratchnet.compiled.jit import AS_WRITTEN, compiled

_LOG2E, _LN2 = 1 / math.log(2), math.log(2)
_DENSITY = 1 / math.sqrt(2 * math.pi)  # φ(0)
_ROUNDING = 1.5 * 2.0**52  # what is added to it is rounded to a whole number, in the sum's lowest bits
_LARGEST = 708.0  # beyond, the exponential leaves float64, and long before it float32


@intrinsic
def _power_of_two(typing, rounded):
    """2ⁿ of n + `_ROUNDING`: n becomes the exponent."""

    def generate(context, builder, signature, arguments):
        long = ir.IntType(64)
        bits = builder.add(builder.bitcast(arguments[0], long), ir.Constant(long, 1023))
        return builder.bitcast(builder.shl(bits, ir.Constant(long, 52)), ir.DoubleType())

    return types.float64(types.float64), generate


@compiled(AS_WRITTEN, inlined=True)
def _exponential(x):
    """-> s and m, eˣ = s (1 + m): s = 2ⁿ and m = eʳ − 1 of the rest |r| ≤ ln 2 / 2."""
    x = -_LARGEST if x < -_LARGEST else _LARGEST if x > _LARGEST else x  # a NaN stays one
    rounded = x * _LOG2E + _ROUNDING
    r = x - (rounded - _ROUNDING) * _LN2
    q = 0.00019899285575896282
    q = 0.0013941118895837 + r * q
    q = 0.00833329846980059 + r * q
    q = 0.04166635277111221 + r * q
    q = 0.16666666719028936 + r * q
    q = 0.5000000047146057 + r * q
    q = 1.0 + r * q
    return _power_of_two(rounded), r * q


@compiled(AS_WRITTEN, inlined=True)
def _normal(x):
    """-> Φ(x), and e^(−x² / 2)."""
    size = abs(x) * math.sqrt(0.5)
    size = 40.0 if size > 40.0 else size  # e is 0 long before; infinity would make a NaN
    s, m = _exponential(-0.5 * x * x)
    e = s + s * m
    inverse = 1 / ((size + 3) * (1 + 2 * size))
    t = (size - 3) * (1 + 2 * size) * inverse
    p = -0.00013450340112193063
    p = -0.0003879487114816732 + t * p
    p = 0.001004891163400491 + t * p
    p = 0.0012864522302010327 + t * p
    p = -0.011900029504358041 + t * p
    p = 0.03414637405714695 + t * p
    p = -0.05963547202371304 + t * p
    p = 0.06482342876779368 + t * p
    p = -0.02378118647747858 + t * p
    p = -0.06781057777581187 + t * p
    p = 0.6265040293113907 + t * p
    tail = e * p * (size + 3) * inverse
    return (1 - tail if x > 0 else tail), e


@compiled(AS_WRITTEN, inlined=True)
def _sigmoid(x):
    s, m = _exponential(-float(x))
    return np.float32(1 / (1 + s + s * m))


@compiled(AS_WRITTEN, inlined=True)
def _tanh(x):
    s, m = _exponential(2 * float(x))
    less_one = s * m + (s - 1)
    return np.float32(less_one / (less_one + 2))


@compiled(AS_WRITTEN, inlined=True)
def _gelu(x):
    return np.float32(x * _normal(float(x))[0])


@compiled(AS_WRITTEN, inlined=True)
def _gelu_slope(x):
    cdf, e = _normal(float(x))
    return np.float32(cdf + x * e * _DENSITY)


def sigmoid(x):
    """σ(x) = 1 / (1 + e⁻ˣ)."""
    return 1 / (1 + math.exp(-x))


def tanh(x):
    return math.tanh(x)


def gelu(x):
    """x Φ(x)."""
    return x * (0.5 * math.erfc(x * -math.sqrt(0.5)))


def gelu_slope(x):
    """Φ(x) + x φ(x)."""
    return 0.5 * math.erfc(x * -math.sqrt(0.5)) + x * math.exp(-0.5 * x * x) * _DENSITY


def _by_type(function, single):
    """In compiled code `function` is `single` for float32, and itself for float64."""

    @overload(function, jit_options={"fastmath": AS_WRITTEN, "forceinline": True, "error_model": "numpy"})
    def choose(x):
        return (lambda x: single(x)) if x == types.float32 else function


for _function, _single in ((sigmoid, _sigmoid), (tanh, _tanh), (gelu, _gelu), (gelu_slope, _gelu_slope)):
    _by_type(_function, _single)
