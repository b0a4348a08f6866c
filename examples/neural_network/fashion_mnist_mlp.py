"""A multilayer perceptron on Fashion-MNIST: at least 89.5 % of the test images right.

    python examples/neural_network/fashion_mnist_mlp.py FOLDER [curves.svg]

FOLDER holds the four files of Fashion-MNIST (`train-images-idx3-ubyte.gz`, ...). It prints the loss after each pass,
writes the learning curves, and takes some minutes on two cores. Dropout keeps the layers from learning the training
images by heart; the rate falls to zero along a cosine, so that the weights come to rest.
"""

import gzip
import sys
import time
from pathlib import Path

import numpy as np

from panlearn.neural_network import MLPClassifier

EPOCHS, ENOUGH = 40, 0.895


def images(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Grey values between 0 and 1, one image a row, and labels."""
    with gzip.open(folder / f"{part}-images-idx3-ubyte.gz") as file:
        X = np.frombuffer(file.read(), dtype=np.uint8, offset=16).reshape(-1, 784)
    with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz") as file:
        y = np.frombuffer(file.read(), dtype=np.uint8, offset=8)
    return X.astype(np.float32) / 255, y


def learning_curves(model: MLPClassifier, path: Path) -> None:
    """Draw the training loss and the accuracy on the rows kept aside."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    passes = range(1, len(model.loss_curve_) + 1)
    left.plot(passes, model.loss_curve_)
    left.set(xlabel="pass", ylabel="training loss (dropout on)")
    right.plot(passes, model.validation_scores_)
    right.set(xlabel="pass", ylabel="accuracy on 3,000 images kept aside")
    figure.savefig(path)


def main(folder: Path, picture: Path | None) -> None:
    """Train, report, draw."""
    X, y = images(folder, "train")
    X_test, y_test = images(folder, "t10k")
    model = MLPClassifier(
        (1024, 512),
        dropout=0.5,
        batch_size=128,
        learning_rate="one_cycle",
        learning_rate_init=1e-3,
        max_iter=EPOCHS,
        n_iter_no_change=EPOCHS,
        early_stopping=True,
        validation_fraction=0.05,
        initialization="he_normal",
        random_state=0,
        verbose=2,
    )
    started = time.process_time()
    model.fit(X, y)
    minutes = (time.process_time() - started) / 60
    accuracy = model.score(X_test, y_test)
    print(model.certificate_)
    print(f"{model.n_parameters_:,} parameters, {minutes:.1f} CPU minutes, test accuracy {accuracy:.2%}")
    if picture:
        learning_curves(model, picture)
    if accuracy < ENOUGH:
        raise SystemExit(f"expected at least {ENOUGH:.1%}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
