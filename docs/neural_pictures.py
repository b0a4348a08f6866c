"""The pictures of the pages on neural networks, drawn while the site is built."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits, load_sample_image, make_moons
from torch import nn

from panlearn.diagnostics import gradient_flow
from panlearn.neural_network import (
    CNNClassifier,
    MLPClassifier,
    NeuralClassifier,
    StyleTransfer,
    feature_maps,
    grad_cam,
    learning_rate_finder,
    saliency,
    schedule_factors,
)
from panlearn.neural_network.training.schedules import SCHEDULES
from panlearn.nn import Highway, Residual, activation, activation_curve, initialize
from panlearn.nn.activations import ACTIVATIONS
from panlearn.plot import (
    plot_activations,
    plot_decision_regions,
    plot_feature_maps,
    plot_filters,
    plot_gradient_flow,
    plot_learning_rate_finder,
    plot_saliency,
    plot_schedules,
    plot_style_transfer,
)
from panlearn.plot.style import ACCENT, MUTED, SECOND, house_style, new_axes

FILTERS = Path(__file__).with_name("fashion_filters.npz")  # examples/neural_network/style_transfer.py writes them


def activations() -> Figure:
    """Eleven activation functions and their slopes: that of the sigmoid is at most 1/4, that of ReLU is 1 or 0."""
    z = np.linspace(-4, 4, 401)
    names = [name for name in ACTIVATIONS if name not in ("logistic", "maxout")]
    return plot_activations(z, {name: activation_curve(name, z) for name in names})


def residual_gradients() -> Figure:
    """Gradients in twenty layers: sigmoids lose them by the way; ReLU, residual and highway blocks keep them."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        dense = {name: [_layer(name) for _ in range(20)] for name in ("sigmoid", "relu")}
        highway = [Highway(32, "sigmoid") for _ in range(20)]
        networks = {
            "sigmoid": nn.Sequential(*dense["sigmoid"], nn.Linear(32, 2)),
            "ReLU": nn.Sequential(*dense["relu"], nn.Linear(32, 2)),
            "sigmoid, residual": nn.Sequential(*map(Residual, dense["sigmoid"]), nn.Linear(32, 2)),
            "sigmoid, highway": nn.Sequential(*highway, nn.Linear(32, 2)),
        }
        X, y = torch.randn(128, 32), torch.randint(0, 2, (128,))
    flows = {name: gradient_flow(network, X, y) for name, network in networks.items()}
    gates = flows["sigmoid, highway"]
    layers = tuple(layer for layer in gates.layers if not layer.name.endswith("gate"))  # one mark a block
    return plot_gradient_flow({**flows, "sigmoid, highway": gates._replace(layers=layers)})


def _layer(name: str) -> nn.Module:
    return initialize(nn.Sequential(nn.Linear(32, 32), activation(name)), "auto", name)


@house_style()
def regularising_networks() -> Figure:
    """Loss on new rows by epoch: it rises again without a remedy, and not with dropout or a penalty on the weights."""
    X, y = make_moons(150, noise=0.35, random_state=0)
    new, truth = make_moons(1000, noise=0.35, random_state=1)
    remedies = {"none": {}, "dropout 0.5": {"dropout": 0.5}, "L2, alpha 0.05": {"alpha": 0.05}}
    looks = zip((SECOND, ACCENT, MUTED), ("-", "-", "--"))
    figure, axes = new_axes()
    for (name, remedy), (colour, line) in zip(remedies.items(), looks):
        settings = {"alpha": 0.0, "learning_rate_init": 3e-3, "batch_size": 50, "random_state": 0, **remedy}
        model = MLPClassifier((200, 200), **settings)
        epochs, losses = np.arange(2, 121, 2), []
        for _ in epochs:
            model.partial_fit(X, y, classes=[0, 1]).partial_fit(X, y)
            losses.append(-np.log(model.predict_proba(new)[np.arange(1000), truth]).mean())
        smooth = np.convolve(losses, np.ones(3) / 3, mode="valid")
        axes.plot(epochs[1:-1], smooth, line, color=colour, label=name)
        if name == "none":
            best = int(np.argmin(smooth))
            axes.annotate(
                "early stopping ends here",
                (epochs[1 + best], smooth[best]),
                xytext=(0, -22),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=SECOND,
                arrowprops={"arrowstyle": "-", "color": SECOND, "linewidth": 0.8},
            )
    axes.set(xlabel="epoch", ylabel="loss on new rows", ylim=(0.32, 0.42))
    axes.legend(loc="upper center", bbox_to_anchor=(0.35, 1), fontsize=8.5, title="remedy", title_fontsize=8.5)
    return figure


@house_style()
def mlp() -> Figure:
    """Decision regions of two noisy moons: without hidden units, with 4, and with 100 + 100, which learn the noise."""
    X, y = make_moons(150, noise=0.3, random_state=0)
    figure = Figure(figsize=(8.2, 3.1), layout="constrained")
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    for axes, units in zip(panels, ((), (4,), (100, 100)), strict=True):
        model = MLPClassifier(units, activation="tanh", solver="lbfgs", alpha=0.0, max_iter=300, random_state=0)
        plot_decision_regions(model.fit(X, y), X, y, ax=axes, margins=False)
        axes.set_title(" + ".join(map(str, units)) + " hidden units" if units else "no hidden unit")
        axes.label_outer()
    return figure


def learning_rate_schedules() -> Figure:
    """Nine schedules over twenty passes: the factor on the learning rate at each step."""
    losses = [1 / epoch for epoch in range(1, 6)] + [0.2] * 15  # falls for five passes, then stays
    factors = {
        name: schedule_factors(name, 20, 20, losses=losses, n_rows=1) for name in SCHEDULES if name != "constant"
    }
    return plot_schedules(factors, 20)


def rate_finder() -> Figure:
    """Loss on the digits while the rate grows: level, falling, exploding; the mark is the suggestion."""
    X, y = load_digits(return_X_y=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    model = NeuralClassifier(net, optimizer="nag", random_state=0)
    return plot_learning_rate_finder(*learning_rate_finder(model, X / 16, y))


def cnn_filters() -> Figure:
    """Sixteen filters of 3 x 3 that learnt to tell clothes apart: one side counts for, the other against: edges."""
    return plot_filters(np.load(FILTERS)["stage1.convolution1.0.weight"])


def cnn_feature_maps() -> Figure:
    """A photograph, and what two layers of a network for clothes make of it: edges first, coarse parts later."""
    network, scaling = _fashion_network()
    image = load_sample_image("china.jpg")[::4, ::4].mean(axis=2)
    pixels = torch.tensor((image - scaling["mean"][0]) / scaling["spread"][0], dtype=torch.float32)[None, None]
    maps = {name: feature_maps(network, pixels, layer)[0] for name, layer in (("first layer", "1"), ("fourth", "7"))}
    return plot_feature_maps(image, maps, limit=8)


def cnn_saliency() -> Figure:
    """Six digits, the pixels that a network's answer hangs on, and the parts that speak for its class."""
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 8, 8)
    settings: dict[str, Any] = {"learning_rate": 0.01, "learning_rate_schedule": "cosine", "max_epochs": 20}
    model = CNNClassifier((16, 32), pool_size=(1, 2), head="average", hidden_layer_sizes=(), random_state=0, **settings)
    model.fit(X[:1200], y[:1200])
    shown = X[1200:][[np.flatnonzero(y[1200:] == digit)[0] for digit in (0, 2, 3, 4, 6, 7)]]
    heat = {"saliency": saliency(model, shown), "Grad-CAM": grad_cam(model, shown)}
    return plot_saliency(shown, heat, labels=[f"a {digit}" for digit in model.predict(shown)])


def style_transfer() -> Figure:
    """A temple in the patterns of a flower's petals, and the falling loss."""
    network, scaling = _fashion_network()
    content, style = (load_sample_image(name)[::4, ::4] for name in ("china.jpg", "flower.jpg"))
    model = StyleTransfer(network, pixel_range=(0, 255), max_iter=100, **scaling).fit(style)
    return plot_style_transfer(content, style, model.transform(content), curve=model.loss_curve_)


@cache
def _fashion_network() -> tuple[nn.Sequential, dict[str, Any]]:
    """Four convolutions that learnt to tell clothes apart, and how they want their pixels."""
    filters = {name: torch.from_numpy(w.astype("float32")) for name, w in np.load(FILTERS).items()}
    shapes = ((1, 16), (16, 16), (16, 32), (32, 32))
    convolutions = [nn.Conv2d(few, many, 3, padding=1) for few, many in shapes]
    stages = ("stage1.convolution1.0", "stage1.convolution2.0", "stage2.convolution1.0", "stage2.convolution2.0")
    for layer, name in zip(convolutions, stages):
        layer.load_state_dict({kind: filters[f"{name}.{kind}"] for kind in ("weight", "bias")})
    first, second, third, fourth = convolutions
    network = nn.Sequential(first, nn.ReLU(), second, nn.MaxPool2d(2), nn.ReLU(), third, nn.ReLU(), fourth)
    return network, {"mean": filters["scaling.mean"].tolist(), "spread": (1 / filters["scaling.factor"]).tolist()}
