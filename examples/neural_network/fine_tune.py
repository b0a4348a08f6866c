"""Few labels: is it for winter? Learnt from three pictures of each kind of clothes, after the ten kinds themselves.

A small convolutional network learns from many labels to tell ten kinds of clothes apart. Which of them are for winter
(pullover, coat, boot; trousers and bags count as well) is then learnt from thirty labels: from scratch, with all layers
free, and with all layers frozen but the head.

    python fine_tune.py FOLDER      with Fashion-MNIST's four .gz files
"""

import gzip
import sys
from pathlib import Path

import numpy as np
from torch import nn

from panlearn.neural_network import NeuralClassifier, fine_tune

WINTER = (1, 2, 4, 8, 9)
PER_KIND, DRAWS, PASSES = 3, 3, 40


def read(path: Path, start: int) -> np.ndarray:
    """Bytes of an idx file behind its header."""
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=start)


def pictures(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (n, 1, 28, 28) in [0, 1], and labels."""
    X = read(folder / f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
    return X.astype(np.float32) / 255, read(folder / f"{part}-labels-idx1-ubyte.gz", 8).astype(np.int64)


def network(outputs: int) -> nn.Sequential:
    """Two convolutions and two linear layers."""
    features = [nn.Conv2d(1, 16, 5, stride=2), nn.ReLU(), nn.Conv2d(16, 32, 5, stride=2), nn.ReLU(), nn.Flatten()]
    return nn.Sequential(*features, nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, outputs))


def main(folder: Path) -> None:
    """Train on many labels, then on few."""
    X, y = pictures(folder, "train")
    X_test, y_test = pictures(folder, "t10k")
    many = 10_000
    trained = NeuralClassifier(network(10), max_epochs=5, batch_size=128, random_state=0).fit(X[:many], y[:many])
    print(f"ten kinds from {many} labels: {trained.score(X_test, y_test):.3f} of the test pictures")
    winter, winter_test = np.isin(y, WINTER), np.isin(y_test, WINTER)

    scores = {"from scratch": [], "all layers free": [], "all but the head frozen": []}
    for draw in range(DRAWS):
        random = np.random.default_rng(draw)
        few = np.concatenate([random.choice(np.flatnonzero(y == k), PER_KIND, replace=False) for k in range(10)])
        settings = {"max_epochs": PASSES, "random_state": draw}
        models = (
            NeuralClassifier(network(2), **settings).fit(X[few], winter[few]),
            fine_tune(trained, X[few], winter[few], reset=("7",), **settings),
            fine_tune(
                trained, X[few], winter[few], freeze=("0", "2", "5"), reset=("7",), learning_rate=0.01, **settings
            ),
        )
        for found, model in zip(scores.values(), models):
            found.append(model.score(X_test, winter_test))
    for name, found in scores.items():
        print(f"{name:24} {np.mean(found):.3f} ± {np.std(found):.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
