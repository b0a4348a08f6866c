"""Convolutional and residual networks on Fashion-MNIST, in minutes of CPU, with learning curves.

    python examples/neural_network/fashion_mnist_cnn.py FOLDER [cnn|resnet] [picture.svg]

FOLDER holds the four files of [xiao2017], `train-images-idx3-ubyte.gz` and so on. The last 5,000 training images are
kept aside for the curve; the test images are looked at once, after the last epoch.
"""

import gzip
import sys
import time
from pathlib import Path

import numpy as np

from panlearn.neural_network import Augmentation, CNNClassifier, ResNetClassifier
from panlearn.neural_network.training.callback import Callback
from panlearn.plot import figure_svg
from panlearn.plot.style import ACCENT, SECOND, house_style, new_axes

KEPT = 5000
TRAINING = {
    "augment": Augmentation(horizontal_flip=0.5),  # a coat seen in a mirror is a coat
    "label_smoothing": 0.1,
    "learning_rate_schedule": "one_cycle",
    "random_state": 0,
}
MODELS = {
    # 7 million multiply-adds an image
    "cnn": CNNClassifier((32, 64, 128), dropout=0.1, learning_rate=3e-3, max_epochs=18, **TRAINING),
    # 10 million multiply-adds an image
    "resnet": ResNetClassifier((32, 64, 128), optimizer="nag", learning_rate=0.1, l2=5e-4, max_epochs=16, **TRAINING),
}


class Curve(Callback):
    """Accuracy on some images after each epoch, and the processor's time."""

    def __init__(self, model, X: np.ndarray, y: np.ndarray) -> None:
        self.model, self.X, self.y = model, X, y
        self.begin, self.scores = time.process_time(), []

    def on_epoch_end(self, run) -> None:
        """Note the accuracy."""
        self.model.module_ = run.module
        self.scores.append(self.model.score(self.X, self.y))
        minutes = (time.process_time() - self.begin) / 60
        print(f"epoch {run.epoch:2d}  loss {run.last.loss:.4f}  accuracy {self.scores[-1]:.4f}  {minutes:.1f} min CPU")


def read(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 28, 28) and labels (n,) of a part, "train" or "t10k"."""
    images = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    return np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28), np.frombuffer(labels, np.uint8, offset=8)


@house_style()
def picture(loss: list[float], scores: list[float], score: float) -> str:
    """Draw the learning curves."""
    figure, axes = new_axes()
    epochs = np.arange(1, len(loss) + 1)
    axes.plot(epochs, scores, color=ACCENT, label="accuracy, 5,000 images kept aside")
    axes.plot(epochs, loss, "--", color=SECOND, label="training loss")
    axes.set(xlabel="epoch", title=f"all 10,000 test images at the end: {score:.2%}")
    axes.legend()
    return figure_svg(figure)


def main(folder: str, name: str = "resnet", file: str = "") -> None:
    """Train one of the models, and print its accuracy and what it cost."""
    (X, y), (X_test, y_test) = read(Path(folder), "train"), read(Path(folder), "t10k")
    model, begin = MODELS[name], time.process_time()
    curve = Curve(model, X[-KEPT:], y[-KEPT:])
    model.set_params(callbacks=(curve,)).fit(X[:-KEPT], y[:-KEPT])
    score = model.score(X_test, y_test)
    print(f"{name}: test accuracy {score:.4f}, {(time.process_time() - begin) / 60:.1f} minutes of CPU")
    print(f"{model.n_parameters_} parameters; {model.certificate_}")
    if file:
        Path(file).write_text(picture(model.loss_curve_, curve.scores, score), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
