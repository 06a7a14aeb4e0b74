"""Smoothing: the mean and the variance of small groups are moved towards those of all rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels import Floats
from ..statistics.moments import Moments

AUTO = "auto"


def smoothed(whole: Moments, parts: Moments, smooth: Any, ddof: int) -> Moments:
    """Return the moments of groups, moved towards those of all rows.

    Parameters
    ----------
    whole : Moments
        Those of all rows, with C columns.
    parts : Moments
        Those of each column of each group.
    smooth : float or "auto"
        How many rows of the whole are added to each group; "auto" finds it by empirical Bayes.
    ddof : int
        That of the variance.
    """
    width = whole.weight.size
    n, mean, deviation = (
        v.reshape(-1, width) for v in (parts.weight, parts.mean, parts.deviation(ddof))
    )
    spread = whole.deviation(ddof)
    if smooth == AUTO:
        share, center = bayes_shares(n, mean, parts.deviation(0).reshape(n.shape), whole)
    else:
        share, center = n / (n + smooth), whole.mean
    there = n > 0
    mean, deviation = np.where(there, mean, 0.0), np.where(there, deviation, 0.0)
    with np.errstate(all="ignore"):
        mean = share * mean + (1 - share) * center
        deviation = np.hypot(np.sqrt(share) * deviation, np.sqrt(1 - share) * spread)
    weight = np.where(there, n, whole.weight > 0)
    return Moments.known(mean.ravel(), deviation.ravel(), weight.ravel(), ddof, of_deviation=True)


def bayes_shares(
    n: Floats, mean: Floats, deviation: Floats, whole: Moments
) -> tuple[Floats, Floats]:
    """Return the share of the own mean of each group, and the mean that they are moved to.

    The share is B = τ² / (τ² + σ² / n), with the variance within groups σ² and between groups τ²
    from the mean squares of a one-way analysis of variance (S. R. Searle, G. Casella and C. E.
    McCulloch, "Variance Components", 1992, section 3.6); all are moved to the mean of the groups
    weighted by B (C. N. Morris, JASA 78, 1983). All is in units of the deviation of all rows.
    """
    total, unit = n.sum(axis=0), whole.deviation(0)
    there = n > 0
    with np.errstate(all="ignore"):
        away = np.where(there, (mean - whole.mean) / unit, 0.0)
        within = np.where(there, n * (deviation / unit) ** 2, 0.0).sum(axis=0)
        groups = there.sum(axis=0)
        middle = (n * away).sum(axis=0) / total
        between = (n * (away - middle) ** 2).sum(axis=0) / (groups - 1)
        noise = within / (total - groups)
        typical = (total - (n * n).sum(axis=0) / total) / (groups - 1)
        tau = np.maximum((between - noise) / typical, 0.0)
        share = np.where(n == 0, 0.0, tau / (tau + noise / n))
        share = np.where(np.isnan(share), there, share)  # nothing tells both variances apart
        center = (share * away).sum(axis=0) / share.sum(axis=0)
        center = np.where(np.isfinite(center), whole.mean + unit * center, whole.mean)
    return share, center
