"""A photograph painted in the patterns of another, through filters learnt on clothes.

    python examples/neural_network/style_transfer.py FOLDER [filters.npz] [picture.svg]

FOLDER holds the files of Fashion-MNIST, `train-images-idx3-ubyte.gz` and `train-labels-idx1-ubyte.gz`. A network of
four convolutions learns to tell clothes apart on 10,000 of them (a minute or two); what it knows of edges and folds is
enough for the small patterns of a style. `filters.npz` receives its filters: the picture of the docs is made with them.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_sample_image

from panlearn.neural_network import CNNClassifier, StyleTransfer
from panlearn.plot import figure_svg, plot_style_transfer


def clothes(folder: Path, n: int = 10_000) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels."""
    images, labels = (
        gzip.decompress((folder / f"train-{kind}-ubyte.gz").read_bytes()) for kind in ("images-idx3", "labels-idx1")
    )
    pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28)
    return pixels[:n], np.frombuffer(labels, np.uint8, offset=8)[:n]


def main(folder: str, filters: str = "", picture: str = "") -> None:
    X, y = clothes(Path(folder))
    settings = {"head": "average", "hidden_layer_sizes": (), "batch_norm": False, "learning_rate": 3e-3}
    model = CNNClassifier(((16, 16), (32, 32)), max_epochs=4, random_state=0, **settings).fit(X, y)
    print(f"{model.score(X, y):.1%} of the clothes told right")
    if filters:
        weights = {name: w.numpy().astype("float16") for name, w in model.module_.state_dict().items()}
        np.savez_compressed(filters, **weights)
    content, style = (load_sample_image(name)[::4, ::4] for name in ("china.jpg", "flower.jpg"))
    painter = StyleTransfer(model, style_weight=1.0, max_iter=100).fit(style)
    image = painter.transform(content)
    print(f"{painter.certificate_}; style loss of the photograph itself {painter.losses(content).style:.3g}")
    if picture:
        figure = plot_style_transfer(content, style, image, curve=painter.loss_curve_)
        Path(picture).write_text(figure_svg(figure, label="a photograph in the patterns of another"), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:4])
