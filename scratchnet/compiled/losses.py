"""Losses of one example and their gradients: see `scratchnet.losses` for the formulas."""

import math

from scratchnet.compiled.jit import AS_WRITTEN, compiled

CROSS_ENTROPY, SQUARED_ERROR, BINARY_CROSS_ENTROPY, HUBER = range(4)


@compiled(AS_WRITTEN, disjoint=True)
def cross_entropy(z, label, smoothing, d):
    """-> the loss of logits z; d ← softmax(z) − q."""
    one, largest = z.dtype.type(1), z[0]
    for k in range(1, len(z)):
        largest = max(largest, z[k])
    total = z.dtype.type(0)
    for k in range(len(z)):
        d[k] = math.exp(z[k] - largest)
        total += d[k]
    even = smoothing / z.dtype.type(len(z))
    for k in range(len(z)):
        d[k] = d[k] / total - even
    d[label] -= one - smoothing
    loss = math.log(total) - (one - smoothing) * (z[label] - largest)
    if smoothing != 0:  # else a sum that overflows would make NaN of nothing
        mean = 0.0
        for k in range(len(z)):
            mean += (z[k] - largest) / len(z)
        loss -= smoothing * mean
    return float(loss)


@compiled(AS_WRITTEN, disjoint=True)
def mixed_cross_entropy(z, target, smoothing, weights, d):
    """-> Σ_k u_k times the cross-entropy of class k, u = weights · target; d ← Σ u (softmax(z) − ε / K) − (1 − ε) u.

    weights (K,), or () for 1.
    """
    number = z.dtype.type
    one, largest = number(1), z[0]
    for k in range(1, len(z)):
        largest = max(largest, z[k])
    total, mass = number(0), number(0)
    for k in range(len(z)):
        d[k] = math.exp(z[k] - largest)
        total += d[k]
        mass += target[k] * number(weights[k]) if len(weights) else target[k]
    loss = float(mass) * math.log(total)
    even = smoothing / number(len(z))
    for k in range(len(z)):
        count = target[k] * number(weights[k]) if len(weights) else target[k]
        d[k] = mass * (d[k] / total - even) - (one - smoothing) * count
        if count != 0:  # else a difference that overflows would make NaN of nothing
            loss -= float((one - smoothing) * count * (z[k] - largest))
        if smoothing != 0:
            loss -= float(mass * even * (z[k] - largest))
    return loss


@compiled(AS_WRITTEN, disjoint=True)
def squared_error(y, target, d):
    """-> Σ (y − t)²; d ← 2 (y − t)."""
    loss = 0.0
    for k in range(len(y)):
        error = y[k] - target[k]
        loss += float(error * error)
        d[k] = 2 * error
    return loss


@compiled(AS_WRITTEN, disjoint=True)
def binary_cross_entropy(z, target, smoothing, weights, d):
    """-> Σ_k w_k (−q log σ(z) − (1 − q) log σ(−z)); d ← w ((1 − q) σ(z) − q σ(−z)). weights (2 K,) by pairs, or ()."""
    number = z.dtype.type
    zero, one, half = number(0), number(1), number(0.5)
    loss = 0.0
    for k in range(len(z)):
        q = (one - smoothing) * target[k] + half * smoothing
        small = math.exp(-abs(z[k]))
        likely, unlikely = one / (one + small), small / (one + small)
        of_one, of_zero = (likely, unlikely) if z[k] > zero else (unlikely, likely)
        part = float(math.log1p(small) + ((one - q) * z[k] if z[k] > zero else -q * z[k]))
        d[k] = (one - q) * of_one - q * of_zero
        if len(weights):
            weight = weights[2 * k + 1 if target[k] > half else 2 * k]
            part *= weight
            d[k] *= number(weight)
        loss += part
    return loss


@compiled(AS_WRITTEN, disjoint=True)
def huber(y, target, delta, d):
    """-> Σ h(y − t), h(e) = ½ e² for |e| ≤ δ, else δ (|e| − ½ δ); d ← h'(y − t)."""
    loss = 0.0
    for k in range(len(y)):
        error = y[k] - target[k]
        near = error
        if error > delta:
            near = delta
        elif error < -delta:
            near = -delta
        loss += float(near * (error - near / y.dtype.type(2)))
        d[k] = near
    return loss
