"""Linear interpolation between members."""

from __future__ import annotations

import numpy as np

from .contract import Floats
from .quiet import quietly


@quietly
def interpolated(below: Floats, above: Floats, share: Floats) -> Floats:
    """Interpolate as NumPy does: exact at both ends, and monotone."""
    step = above - below
    result = np.where(share < 0.5, below + step * share, above - step * (1 - share))
    halved = (below / 2 * (1 - share) + above / 2 * share) * 2
    return np.where(np.isinf(step), halved, np.where(step == 0, below, result))
