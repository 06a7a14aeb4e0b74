"""Which classes a document may name: those of the user, and no code of anybody else."""

from __future__ import annotations

import subprocess
import sys

import inside
import laws
import pytest
from documents import (
    X,
    changed,
    document_of,
    refuses,
    reloaded,
)

import sklearn_norm
from sklearn_norm.exceptions import FormatError


class Doubled(sklearn_norm.ZScoreScaler):
    """A scaler of the user's own, with an attribute of its own in the state."""

    _remembers = (*inside.remembers(sklearn_norm.ZScoreScaler), "times_")

    def fit(self, X, y=None, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.times_ = [2, 0.5]
        return self


class Plain(sklearn_norm.ZScoreScaler):
    """A scaler whose constructor takes nothing and sets what its parent takes."""

    def __init__(self):
        super().__init__(ddof=1)


class Picky(sklearn_norm.ZScoreScaler):
    """A scaler whose constructor refuses by itself what scikit-learn checks in fit."""

    def __init__(self, ddof=0):
        super().__init__(ddof=ddof)
        if ddof > 1:
            raise ZeroDivisionError("too many degrees")


def test_no_code_runs_and_no_module_is_imported(tmp_path):
    """A class is found among those imported, never imported by its name."""
    names = ["os.system", "builtins.eval", "subprocess.Popen", "antigravity.x", "sklearn_norm"]
    names += ["sklearn.preprocessing.StandardScaler", *map(inside.path_of, inside.HIDDEN)]
    names += ["sklearn_norm.save"]
    names += ["sklearn_norm.scalers.zscore.ZScoreScaler", "sklearn_norm.ZScoreScaler.fit", ""]
    document = document_of(sklearn_norm.ZScoreScaler())
    before = set(sys.modules)
    for name in names:
        refuses(changed(document, ("estimator", "class"), name), "estimator.class: .*no class")
    assert set(sys.modules) == before


@pytest.mark.full
def test_a_class_of_the_user_is_found_once_it_is_imported(tmp_path):
    scaler = Doubled(ddof=1).fit(X)
    twin = reloaded(scaler)
    laws.assert_same_state(twin, scaler)
    assert twin.times_ == [2, 0.5]
    laws.assert_same_state(reloaded(Plain().fit(X)), Plain().fit(X))
    assert reloaded(Plain()).ddof == 1
    sklearn_norm.save(scaler, tmp_path / "doubled.json")
    code = f"import sklearn_norm; sklearn_norm.load({str(tmp_path / 'doubled.json')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "is found once the module that defines it is imported" in done.stderr


def test_a_class_that_lost_its_name_is_not_found(monkeypatch):
    """As one that was defined anew: only what its module holds under that name counts."""
    document = document_of(Doubled())
    module = sys.modules[Doubled.__module__]
    monkeypatch.setattr(module, "Doubled", Plain)
    refuses(document, "estimator.class: .*Doubled' is no class that may be loaded")
    monkeypatch.delattr(module, "Doubled")
    refuses(document, "estimator.class: .*Doubled' is no class that may be loaded")


def test_an_error_of_a_constructor_is_told_with_its_place():
    document = changed(document_of(Picky()), ("estimator", "parameters", "ddof"), 9)
    refuses(document, "estimator.parameters: ZeroDivisionError: too many degrees")


def test_a_class_without_a_name_of_its_own_is_refused():
    class Local(sklearn_norm.ZScoreScaler):
        pass

    with pytest.raises(FormatError, match="Local was made inside a function"):
        sklearn_norm.to_dict(Local())


def test_an_attribute_of_nobody_is_not_lost_in_silence():
    scaler = sklearn_norm.ZScoreScaler().fit(X)
    scaler.note_ = "mine"
    with pytest.raises(FormatError, match=r"estimator\.note_: .*`_remembers` of ZScoreScaler"):
        sklearn_norm.to_dict(scaler)
