"""Layer normalisation: each sample by its own mean and variance."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, Self

from .._sklearn import Interval
from .axes import Axes, Shape, trailing
from .base import TensorNorm
from .bridge import checked_module, fill, is_given, learned, make_module


class LayerNorm(TensorNorm):
    r"""Normalise each sample by the mean and variance of its members.

    :math:`z = \gamma \, (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta`, with the moments
    taken over all members of a sample, or over its trailing axes.

    Parameters
    ----------
    shape : tuple of int or int, default=None
        The shape of a sample, for data flattened to two axes. None takes that of X; the
        features of 2-D data are then the members of one axis.
    normalized_ndim : int, default=None
        How many trailing axes are normalised together; None takes all but the first.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.
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
    The variance has no correction (ddof 0), as in `torch.nn.LayerNorm`, whose
    ``normalized_shape`` has `normalized_ndim` axes.

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450 (2016).

    Examples
    --------
    >>> from sklearn_norm import LayerNorm
    >>> LayerNorm(eps=0.0).transform([[1.0, 3.0], [10.0, 50.0]])
    array([[-1.,  1.],
           [-1.,  1.]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **TensorNorm._parameter_constraints,
        "normalized_ndim": [Interval(Integral, 1, None, closed="left"), None],
    }

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
        module : torch.nn.LayerNorm
            The module, whose weights are copied.

        Returns
        -------
        norm : LayerNorm
            A new norm.

        Raises
        ------
        ValueError
            If the module is of another kind.
        """
        checked_module(module, cls, "LayerNorm")
        ndim = len(module.normalized_shape)
        return cls(normalized_ndim=ndim, eps=module.eps, **learned(module))

    def to_torch(self) -> Any:
        """Return a PyTorch module that computes the same, in float64.

        Returns
        -------
        module : torch.nn.LayerNorm
            A new module.

        Raises
        ------
        ValueError
            If the shape of a sample is not known.
        """
        normalized = self._axes(self._known_sample()).elements
        affine = is_given(self.gamma, self.beta)
        module = make_module("LayerNorm", normalized, eps=self.eps, elementwise_affine=affine)
        return fill(module, **self._learned()) if affine else module
