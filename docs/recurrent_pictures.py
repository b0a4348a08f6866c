"""The pictures of the pages on recurrent networks, drawn while the site is built."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from panlearn.diagnostics import gradient_through_time
from panlearn.neural_network.training.clipping import GradientClipping, clip
from panlearn.nn import GRU, LSTM, RNN
from panlearn.nn.recurrent import Recurrent
from panlearn.plot import plot_gradient_through_time, plot_memory_curves, plot_trajectories

CURVES = Path(__file__).with_name("memory_curves.npz")  # examples/neural_network/long_memory.py writes them
STEPS, WIDTH = 100, 32


def vanishing_through_time() -> Figure:
    """The gradient on its way back through a hundred steps: a sigmoid loses it in ten, an open LSTM not at all."""
    X = torch.randn(STEPS, 16, 4, generator=torch.Generator().manual_seed(0))
    return plot_gradient_through_time({name: gradient_through_time(layer, X) for name, layer in _layers().items()})


def exploding_through_time() -> Figure:
    """Plain networks, U a rotation times a number: lost at 0.7, and at 1 by ReLUs that are shut; growing at 1.6."""
    X = torch.randn(STEPS, 16, 4, generator=torch.Generator().manual_seed(0))
    found = {}
    with torch.random.fork_rng():
        for f, scale in (("tanh", 0.7), ("tanh", 1.6), ("relu", 1.0), ("relu", 1.6)):
            torch.manual_seed(0)
            layer = RNN(4, WIDTH, nonlinearity=f)
            with torch.no_grad():  # a random rotation, and a little or a lot more
                layer.get_parameter("weight_hh_l0").copy_(scale * torch.linalg.qr(torch.randn(WIDTH, WIDTH)).Q)
            found[f"{f}, |U| = {scale}"] = gradient_through_time(layer, X)
    return plot_gradient_through_time(found)


def clipped_cliff() -> Figure:
    """Descent at a cliff: one step along the gradient there throws it far away, a clipped one stays in the valley."""
    bounds = {
        "no clipping": None,
        "by norm": GradientClipping(norm=0.2),
        "by value": GradientClipping(value=0.1),
    }
    ways = {name: _descend(bound) for name, bound in bounds.items()}
    figure = plot_trajectories(_distance, ways, xlim=(3.4, 7.0), ylim=(-3.3, 0.3))
    figure.axes[0].set(xlabel="w", ylabel="b")
    return figure


def memory_of_the_adding_problem() -> Figure:
    """Two marked numbers out of 400 steps are to be added: tanh does as well as no memory, three others learn it."""
    return _curves("adding", "squared error")


def memory_of_the_copy_task() -> Figure:
    """Symbols are to be said again after a pause: tanh guesses, ReLUs know a part, an LSTM and a GRU all."""
    return _curves("copy", "cross entropy of a symbol")


def _curves(task: str, metric: str) -> Figure:
    with np.load(CURVES) as file:
        curves = {name.partition("/")[2]: file[name] for name in file.files if name.startswith(f"{task}/")}
        steps, known = file[f"steps of {task}"], float(file[f"without memory, {task}"])
    figure = plot_memory_curves(curves, steps=steps, without_memory=known, metric=metric)
    lowest = min(losses.min() for losses in curves.values())
    # after short sequences a network may say anything at the end of long ones
    figure.axes[0].set_ylim(lowest / 2, 3 * known)
    return figure


@cache
def _layers() -> dict[str, Recurrent]:
    """Five layers at their start."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers: dict[str, Recurrent] = {
            "sigmoid": RNN(4, WIDTH, nonlinearity="sigmoid"),
            "tanh": RNN(4, WIDTH),
            "ReLU, identity": RNN(4, WIDTH, nonlinearity="relu", init="identity"),
            "GRU": GRU(4, WIDTH),
            "LSTM": LSTM(4, WIDTH),
            "LSTM, forget gate open": LSTM(4, WIDTH),
        }
    with torch.no_grad():
        layers["LSTM, forget gate open"].get_parameter("bias_ih_l0")[WIDTH : 2 * WIDTH] = 6.0
    return layers


def _recurrence(w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """h_50 of h_t = w σ(h_{t-1}) + b, h_0 = 1/2 [pascanu2013]."""
    h = torch.full_like(w, 0.5)
    for _ in range(50):
        h = w * h.sigmoid() + b
    return h


def _distance(point: np.ndarray) -> float:
    """Squared distance of σ(h_50) from 0.7."""
    w, b = torch.tensor(point, dtype=torch.float64)
    return float((_recurrence(w, b).sigmoid() - 0.7) ** 2)


def _descend(bound: GradientClipping | None, rate: float = 1.0, steps: int = 60) -> np.ndarray:
    point = torch.tensor([5.6, -2.6], dtype=torch.float64, requires_grad=True)
    way = [point.detach().numpy().copy()]
    for _ in range(steps):
        loss = (_recurrence(point[0], point[1]).sigmoid() - 0.7) ** 2
        (gradient,) = torch.autograd.grad(loss, point)
        if bound is not None:
            clip([gradient], bound)
        with torch.no_grad():
            point -= rate * gradient
        way.append(point.detach().numpy().copy())
    return np.array(way)
