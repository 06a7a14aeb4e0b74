"""How Sphinx builds these pages: offline, and with warnings as errors."""

from __future__ import annotations

import re
from typing import Any

from numpydoc.docscrape_sphinx import SphinxDocString

import sklearn_norm

project = "sklearn_norm"
author = "the sklearn_norm developers"
version = release = sklearn_norm.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.mathjax", "numpydoc"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "Scalers for scikit-learn", "fixed_sidebar": True}
html_copy_source = False

autodoc_typehints = "none"  # numpydoc's sections give the types
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # api.rst lists them
numpydoc_attributes_as_param_list = True
numpydoc_validation_checks = {
    "GL03",  # blank lines
    "GL06",  # unknown sections
    "GL07",  # order of sections
    "GL08",  # no docstring
    "PR01",  # parameters not documented
    "PR02",  # parameters that do not exist
    "PR03",  # order of parameters
    "PR04",  # parameters without a type
    "RT03",  # results without a description
    "SS03",  # a summary that does not end with a full stop
    "SS06",  # a summary of several lines
}

INHERITED = ("fit_transform", "get_feature_names_out")


def skip(app: Any, what: str, name: str, obj: Any, skipped: bool, options: Any) -> bool | None:
    """Leave out the attributes, which the class describes, and most that is scikit-learn's.

    Its docstrings refer to its own guide.
    """
    own = str(getattr(obj, "__module__", None)).startswith("sklearn_norm")
    shown = own and not name.endswith("_request") and not name.startswith("_")
    return None if shown or name in INHERITED else True


def escape(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep (n_features_in_,) from being read as a link, and (n_samples, *shape) as emphasis."""
    plain = [line.replace("(n_features_in_,)", "(n_features,)") for line in lines]
    lines[:] = [re.sub(r"(?<=, )\*(?=\w+\))", r"\\*", line) for line in plain]


def describe(self: Any, param: str, desc: list[str], fake_autosummary: bool) -> Any:
    """Describe an attribute in the words of its class, not of its property."""
    return process_param(self, param, desc, False)


process_param = SphinxDocString._process_param
SphinxDocString._process_param = describe


def setup(app: Any) -> None:
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-docstring", escape, priority=1)
