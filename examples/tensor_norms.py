"""How brightness and contrast affect a linear model of images, with and without instance norm.

The images are scikit-learn's digits, 8 x 8 pixels from 0 to 16. A disturbed image is
contrast * image + brightness, with random contrast and brightness per image.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline

from sklearn_norm import InstanceNorm, ZScoreScaler

SCALINGS = {
    "raw": "passthrough",
    "z-score": ZScoreScaler(),
    "instance norm": InstanceNorm(shape=(1, 8, 8)),  # one channel of 8 x 8 positions
}
SPLITS = 5


def disturbed(images: np.ndarray) -> np.ndarray:
    """Return each image with a contrast of 0.1 to 1 and a brightness of -16 to 16."""
    rng = np.random.default_rng(0)
    contrast = 10 ** rng.uniform(-1, 0, size=(len(images), 1))
    brightness = rng.uniform(-16, 16, size=(len(images), 1))
    return contrast * images + brightness


def accuracy(
    scaling: Any, train: np.ndarray, test: np.ndarray, target: np.ndarray, n_train: int
) -> float:
    """Return the mean accuracy over random splits into images to train and to test on."""
    model = make_pipeline(scaling, LogisticRegression(solver="newton-cg", max_iter=1000))
    splits = StratifiedShuffleSplit(SPLITS, train_size=n_train, random_state=0)
    scores = []
    for seen, kept in splits.split(train, target):
        model.fit(train[seen], target[seen])
        scores.append(model.score(test[kept], target[kept]))
    return float(np.mean(scores))


def main() -> None:
    plain, target = load_digits(return_X_y=True)
    sets = {"plain": plain, "disturbed": disturbed(plain)}
    print(f"Accuracy of logistic regression on {len(plain)} digits, mean of {SPLITS} splits")
    print(f"   {'trained on':<16}{'tested on':<12}" + "".join(f"{s:>15}" for s in SCALINGS))
    for n_train in (200, 1400):
        for train, test in (("plain", "plain"), ("plain", "disturbed"), ("disturbed", "disturbed")):
            print(f"   {n_train:>4} {train:<11}{test:<12}", end="")
            for scaling in SCALINGS.values():
                print(
                    f"{accuracy(scaling, sets[train], sets[test], target, n_train):>15.3f}", end=""
                )
            print(flush=True)


if __name__ == "__main__":
    main()
