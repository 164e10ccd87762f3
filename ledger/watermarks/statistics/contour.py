"""The tail of a weighted sum of two Gamma variables, by integrating along a path of its transform.

P(S >= s) is the integral of exp(T K(t) - s t) / t over a line to the right of 0 (the inversion of
the Laplace transform; K is one unit's cumulant generating function). The line is moved to the
saddle point of the integrand, where nothing cancels, and bent into the parabola that touches the
path of steepest descent, so that the integrand falls off at least like a normal density for any
T >= 1. The trapezoidal rule then converges geometrically (Trefethen and Weideman 2014, sections 5
and 15). Left of 0 the same integral is that of P(S < s), by which p near 1 is found.
"""

import math

import numpy as np

from ledger.watermarks.statistics.series import Reals, complement

__all__ = ["log_two_gamma_sf"]

_STEP = 0.2  # in units of the saddle's width
_NO_MORE = 2.0**-56
_NODES = 2_000
_BISECTIONS = 40


def log_two_gamma_sf(s: Reals, units: Reals, weight: float) -> Reals:
    """ln P(sum of `units` values >= s), each (1 - weight) a + weight b with a, b standard Exp."""
    result = np.zeros_like(s)
    upper, lower = (s > units) & np.isfinite(s), (s > 1e-100) & (s <= units)  # P(S < 1e-100) is 0
    result[upper] = _integral(s[upper], units[upper], weight, 1)
    result[lower] = complement(_integral(s[lower], units[lower], weight, -1))
    result[s == np.inf] = -np.inf
    return result


def _slope(t: Reals, s: Reals, units: Reals, weight: float) -> Reals:
    large = 1 - weight
    return units * (large / (1 - large * t) + weight / (1 - weight * t)) - s - 1 / t


def _integral(s: Reals, units: Reals, weight: float, side: int) -> Reals:
    """ln of the integral along the path right (side 1) or left (side -1) of the pole at 0."""
    if not len(s):
        return np.zeros(0)
    large = 1 - weight
    # The saddle lies between the pole at 0 and that at 1 / large, or between 0 and the place left
    # of it where even without the transform's slope s would win.
    low = np.zeros_like(s) if side > 0 else -(2 * units + 1) / s
    high = np.full_like(s, 1 / large) if side > 0 else np.zeros_like(s)
    for _ in range(_BISECTIONS):
        t = (low + high) / 2
        rising = _slope(t, s, units, weight) > 0
        low, high = np.where(rising, low, t), np.where(rising, t, high)
    t = (low + high) / 2
    x, y = 1 / (1 - large * t), 1 / (1 - weight * t)
    squares = (large * x) ** 2 + (weight * y) ** 2
    width = 1 / np.sqrt(units * squares + 1 / t**2)
    # The path of steepest descent without the pole, which would bend it far too much.
    bend = ((large * x) ** 3 + (weight * y) ** 3) / (3 * squares)

    total = np.full_like(s, 0.5)
    for number in range(1, _NODES):
        v = number * _STEP * width  # the path's parameter: t + bend v^2 + i v
        u = bend * v * v
        first, first_angle = _log1p(-large * x * u, -large * x * v)
        second, second_angle = _log1p(-weight * y * u, -weight * y * v)
        pole, pole_angle = _log1p(u / t, v / t)
        size = np.exp(-units * (first + second) - s * u - pole)
        angle = -units * (first_angle + second_angle) - s * v - pole_angle
        # the real part of value * dt / (i dv), where dt / (i dv) = 1 - 2i bend v
        total = total + size * (np.cos(angle) + 2 * bend * v * np.sin(angle))
        if number > 5 and (size * (1 + 2 * bend * v) < _NO_MORE * total).all():
            break
    log_scale = -units * (np.log1p(-large * t) + np.log1p(-weight * t)) - s * t
    return np.asarray(
        log_scale - np.log(np.abs(t)) + np.log(total * (_STEP * width) / math.pi), np.float64
    )


def _log1p(real: Reals, imaginary: Reals) -> tuple[Reals, Reals]:
    """ln(1 + real + i imaginary), exact near 0: its real and its imaginary part."""
    modulus = 0.5 * np.log1p(2 * real + real * real + imaginary * imaginary)
    return modulus, np.arctan2(imaginary, 1 + real)
