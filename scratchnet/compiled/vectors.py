"""Operations on vectors. Slices at the head of a loop, not offsets in it: numba vectorises those alone."""

from scratchnet.compiled.jit import AS_WRITTEN, SUMS, compiled
from scratchnet.compiled.parts import part


@compiled(SUMS)
def dot(a, b):
    """Σ a b."""
    total = a.dtype.type(0)
    for k in range(len(a)):
        total += a[k] * b[k]
    return total


@compiled(AS_WRITTEN, inlined=True)
def four(a, start, size):
    """-> four vectors that follow each other."""
    return (
        part(a, start, size),
        part(a, start + size, size),
        part(a, start + 2 * size, size),
        part(a, start + 3 * size, size),
    )


@compiled(SUMS, disjoint=True)
def dot_four(b, a0, a1, a2, a3):
    """Σ a0 b, Σ a1 b, …: b is read once."""
    zero = b.dtype.type(0)
    t0, t1, t2, t3 = zero, zero, zero, zero
    for k in range(len(b)):
        t0 += a0[k] * b[k]
        t1 += a1[k] * b[k]
        t2 += a2[k] * b[k]
        t3 += a3[k] * b[k]
    return t0, t1, t2, t3


@compiled(AS_WRITTEN, disjoint=True)
def pass_four(f0, f1, f2, f3, p0, p1, p2, p3, x, d, a0, a1, a2, a3):
    """d += f0 · a0 + f1 · a1 + …, and then a0 += p0 · x, …: each is read once."""
    for k in range(len(x)):
        d[k] += f0 * a0[k] + f1 * a1[k] + f2 * a2[k] + f3 * a3[k]
        a0[k] += p0 * x[k]
        a1[k] += p1 * x[k]
        a2[k] += p2 * x[k]
        a3[k] += p3 * x[k]


@compiled(SUMS, disjoint=True)
def pass_four_back(p0, p1, p2, p3, x, a0, a1, a2, a3):
    """-> Σ a0 x, Σ a1 x, …, and then a0 += p0 · x, …: each is read once."""
    zero = x.dtype.type(0)
    t0, t1, t2, t3 = zero, zero, zero, zero
    for k in range(len(x)):
        t0 += a0[k] * x[k]
        t1 += a1[k] * x[k]
        t2 += a2[k] * x[k]
        t3 += a3[k] * x[k]
        a0[k] += p0 * x[k]
        a1[k] += p1 * x[k]
        a2[k] += p2 * x[k]
        a3[k] += p3 * x[k]
    return t0, t1, t2, t3


@compiled(SUMS)
def total(a):
    """Σ a."""
    result = a.dtype.type(0)
    for k in range(len(a)):
        result += a[k]
    return result


@compiled(AS_WRITTEN)
def shift(number, a):
    """a += number."""
    for k in range(len(a)):
        a[k] += number


@compiled(AS_WRITTEN, disjoint=True)
def add(factor, a, b):
    """b += factor · a."""
    for k in range(len(a)):
        b[k] += factor * a[k]


@compiled(AS_WRITTEN, disjoint=True)
def add_four(f0, f1, f2, f3, b, a0, a1, a2, a3):
    """b += f0 · a0 + f1 · a1 + …: b is read and written once."""
    for k in range(len(b)):
        b[k] += f0 * a0[k] + f1 * a1[k] + f2 * a2[k] + f3 * a3[k]


@compiled(AS_WRITTEN, disjoint=True)
def scaled(factor, a, b):
    """b = factor · a."""
    for k in range(len(a)):
        b[k] = factor * a[k]


@compiled(AS_WRITTEN)
def rescale(factor, a):
    """a *= factor."""
    for k in range(len(a)):
        a[k] *= factor


@compiled(AS_WRITTEN)
def fill(number, a):
    """a = number. A loop, as what follows: numba's own assignment to a slice compiles into a hundred times the code."""
    for k in range(len(a)):
        a[k] = number


@compiled(AS_WRITTEN)
def divide(a, number):
    """a /= number."""
    for k in range(len(a)):
        a[k] /= number


@compiled(AS_WRITTEN, disjoint=True)
def copy(a, b):
    """b = a."""
    for k in range(len(a)):
        b[k] = a[k]


@compiled(AS_WRITTEN)
def combine(a, x, b, y, out):
    """out = a · x + b · y."""
    for k in range(len(out)):
        out[k] = a * x[k] + b * y[k]
