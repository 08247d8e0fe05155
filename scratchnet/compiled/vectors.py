"""Operations on vectors. Slices at the head of a loop, not offsets in it: numba vectorises those alone."""

from scratchnet.compiled.jit import AS_WRITTEN, SUMS, compiled


@compiled(SUMS)
def dot(a, b):
    """Σ a b."""
    total = a.dtype.type(0)
    for k in range(len(a)):
        total += a[k] * b[k]
    return total


@compiled(SUMS)
def dot_four(a, b):
    """Σ a[0] b, Σ a[1] b, … of a (4, n): b is read once."""
    n = len(b)
    a0, a1, a2, a3 = a[:n], a[n : 2 * n], a[2 * n : 3 * n], a[3 * n : 4 * n]
    zero = b.dtype.type(0)
    t0, t1, t2, t3 = zero, zero, zero, zero
    for k in range(n):
        t0 += a0[k] * b[k]
        t1 += a1[k] * b[k]
        t2 += a2[k] * b[k]
        t3 += a3[k] * b[k]
    return t0, t1, t2, t3


@compiled(AS_WRITTEN)
def pass_four(f0, f1, f2, f3, p0, p1, p2, p3, a, x, d):
    """d += f0 · a[0] + f1 · a[1] + …, and then a[0] += p0 · x, …, of a (4, n): a is read once."""
    n = len(x)
    a0, a1, a2, a3 = a[:n], a[n : 2 * n], a[2 * n : 3 * n], a[3 * n : 4 * n]
    for k in range(n):
        d[k] += f0 * a0[k] + f1 * a1[k] + f2 * a2[k] + f3 * a3[k]
        a0[k] += p0 * x[k]
        a1[k] += p1 * x[k]
        a2[k] += p2 * x[k]
        a3[k] += p3 * x[k]


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


@compiled(AS_WRITTEN)
def add(factor, a, b):
    """b += factor · a."""
    for k in range(len(a)):
        b[k] += factor * a[k]


@compiled(AS_WRITTEN)
def add_four(f0, f1, f2, f3, a, b):
    """b += f0 · a[0] + f1 · a[1] + …, a (4, n): four rows at once, so that b is read and written once."""
    n = len(b)
    a0, a1, a2, a3 = a[:n], a[n : 2 * n], a[2 * n : 3 * n], a[3 * n : 4 * n]
    for k in range(n):
        b[k] += f0 * a0[k] + f1 * a1[k] + f2 * a2[k] + f3 * a3[k]


@compiled(AS_WRITTEN)
def scaled(factor, a, b):
    """b = factor · a."""
    for k in range(len(a)):
        b[k] = factor * a[k]


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


@compiled(AS_WRITTEN)
def copy(a, b):
    """b = a."""
    for k in range(len(a)):
        b[k] = a[k]


@compiled(AS_WRITTEN)
def combine(a, x, b, y, out):
    """out = a · x + b · y."""
    for k in range(len(out)):
        out[k] = a * x[k] + b * y[k]
