"""Root-mean-square normalisation: layer normalisation without centring."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, Self

from .._sklearn import Interval
from .axes import Axes, Shape, trailing
from .base import TensorNorm
from .bridge import checked_module, eps_of, fill, is_given, learned, make_module


class RMSNorm(TensorNorm):
    r"""Divide each sample by the root mean square of its members.

    :math:`z = \gamma \, x / \sqrt{\overline{x^2} + \epsilon} + \beta`, with the mean taken
    over all members of a sample, or over its trailing axes.

    Parameters
    ----------
    shape : tuple of int or int, default=None
        The shape of a sample, for data flattened to two axes. None takes that of X; the
        features of 2-D data are then the members of one axis.
    normalized_ndim : int, default=None
        How many trailing axes are normalised together; None takes all but the first.
    eps : float, default=1e-5
        Added to the mean square, in squared units of the data.
    gamma, beta : float or array-like of shape (n_normalised_members,), default=None
        Gain and bias of the result; None stands for 1 and 0.

    Attributes
    ----------
    shape_ : tuple of int
        The shape of a sample.
    n_features_in_ : int
        The number of members of a sample.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns of 2-D data, where all are strings.

    Notes
    -----
    `torch.nn.RMSNorm` has no bias, and its own default of `eps`.

    References
    ----------
    B. Zhang and R. Sennrich, "Root mean square layer normalization", NeurIPS 2019.

    Examples
    --------
    >>> from sklearn_norm import RMSNorm
    >>> RMSNorm(eps=0.0).transform([[1.0, -7.0], [3.0, 3.0]])
    array([[ 0.2, -1.4],
           [ 1. ,  1. ]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **TensorNorm._parameter_constraints,
        "normalized_ndim": [Interval(Integral, 1, None, closed="left"), None],
    }
    _centred = False

    def __init__(
        self,
        shape: Any = None,
        *,
        normalized_ndim: int | None = None,
        eps: float = 1e-5,
        gamma: Any = None,
        beta: Any = None,
    ) -> None:
        self.shape = shape
        self.normalized_ndim = normalized_ndim
        self.eps = eps
        self.gamma = gamma
        self.beta = beta

    def _axes(self, sample: Shape) -> Axes:
        return trailing(sample, self.normalized_ndim)

    @classmethod
    def from_torch(cls, module: Any) -> Self:
        """Return the norm that computes what a PyTorch module does.

        Parameters
        ----------
        module : torch.nn.RMSNorm
            The module, whose weights are copied.

        Returns
        -------
        norm : RMSNorm
            A new norm.

        Raises
        ------
        ValueError
            If the module is of another kind.
        """
        checked_module(module, cls, "RMSNorm")
        ndim = len(module.normalized_shape)
        return cls(normalized_ndim=ndim, eps=eps_of(module), **learned(module))

    def to_torch(self) -> Any:
        """Return a PyTorch module that computes the same, in float64.

        Returns
        -------
        module : torch.nn.RMSNorm
            A new module.

        Raises
        ------
        ValueError
            If the shape of a sample is not known, or there is a beta.
        """
        if self.beta is not None:
            raise ValueError("torch.nn.RMSNorm has no bias: `beta` must be None.")
        normalized = self._axes(self._known_sample()).elements
        affine = is_given(self.gamma)
        module = make_module("RMSNorm", normalized, eps=self.eps, elementwise_affine=affine)
        return fill(module, weight=self._learned()["weight"]) if affine else module
