"""Long memory: two tasks at which a plain recurrent network fails within 6000 steps, and networks that learn them.

adding   400 steps of a random number and a mark; two are marked. Say their sum at the end [hochreiter1997]. Without
         memory the best answer is 1, and its squared error 1/6.
copy     three symbols out of four, a pause of 60 steps, then say them again. Without memory the cross entropy of a
         symbol is ln 4.

What is hard is not the arithmetic but the way back: the gradient has to come through hundreds of steps. The networks
are of one size; an LSTM and a GRU begin with gates that keep what they hold for 1 to T steps, drawn at random
[tallec2018], a network of ReLUs with the identity and small input weights [le2015]. Gradients are clipped by norm. In
the adding problem all of them, the plain network too, begin with 50 steps, and go on to 100, 200 and 400 when they have
learnt those. The copy task has its full length from the start: led from pauses of 5 steps to 60, the plain network
learns it as well (`copy(pauses=(5, 10, 20, 40, 60))`). What is drawn is the loss on sequences of full length that were
never trained on.

    python examples/neural_network/long_memory.py              # both tasks, some five minutes of one core
    python examples/neural_network/long_memory.py --task copy --networks tanh,LSTM
    python examples/neural_network/long_memory.py --save docs/memory_curves.npz   # for the page; adds to what is there

Course notes: 000 §5.4, 002, 003 §2.1.4, 004 §3.
"""

import argparse
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from panlearn.neural_network.training.clipping import GradientClipping, clip
from panlearn.nn import GRU, LSTM, RNN
from panlearn.nn.recurrent import Recurrent
from panlearn.plot import plot_memory_curves

BATCH, WIDTH, LOOK_EVERY, HELD_OUT = 32, 64, 100, 256


class Task(NamedTuple):
    """What is to be remembered."""

    lengths: tuple[int, ...]  # steps of the sequences, from the easy ones to those that count
    inputs: int  # numbers a step
    outputs: int
    draw: Callable[[int, int, torch.Generator], tuple[Tensor, Tensor]]  # length, batch: inputs (T, B, I), targets
    loss: Callable[[Tensor, Tensor], Tensor]  # of the outputs of all steps (T, B, O)
    without_memory: float
    solved: float  # a loss that says that the task is learnt
    rates: dict[str, float]  # of learning


def adding(lengths: tuple[int, ...] = (50, 100, 200, 400)) -> Task:
    """The sum of two marked numbers."""

    def draw(length: int, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        x = torch.rand(length, batch, 2, generator=generator)
        x[:, :, 1] = 0
        first = torch.randint(length // 2, (batch,), generator=generator)
        second = torch.randint(length // 2, length, (batch,), generator=generator)
        row = torch.arange(batch)
        x[first, row, 1] = x[second, row, 1] = 1
        return x, x[first, row, 0] + x[second, row, 0]

    def loss(outputs: Tensor, target: Tensor) -> Tensor:
        return (outputs[-1, :, 0] - target).square().mean()

    rates = {"tanh": 1e-3, "ReLU, identity": 1e-3, "LSTM": 3e-3, "GRU": 3e-3}
    return Task(lengths, 2, 1, draw, loss, 1 / 6, 0.005, rates)


def copy(pauses: tuple[int, ...] = (60,), symbols: int = 4, count: int = 3) -> Task:
    """Symbols, a pause, a sign, and the symbols again."""

    def draw(length: int, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        said = torch.randint(symbols, (count, batch), generator=generator)
        x = torch.full((length, batch), symbols)  # the sign of the pause
        x[:count] = said
        x[-count - 1] = symbols + 1  # now
        return nn.functional.one_hot(x, symbols + 2).float(), said

    def loss(outputs: Tensor, said: Tensor) -> Tensor:
        return nn.functional.cross_entropy(outputs[-count:].flatten(0, 1), said.flatten())

    lengths = tuple(2 * count + pause for pause in pauses)
    rates = {"tanh": 1e-3, "ReLU, identity": 3e-4, "LSTM": 3e-3, "GRU": 3e-3}
    return Task(lengths, symbols + 2, symbols, draw, loss, math.log(symbols), 0.02, rates)


def networks(task: Task) -> dict[str, Recurrent]:
    """Four layers of one width."""
    torch.manual_seed(0)
    lstm, gru = LSTM(task.inputs, WIDTH), GRU(task.inputs, WIDTH)
    identity = RNN(task.inputs, WIDTH, nonlinearity="relu", init="identity")
    with torch.no_grad():  # forget gates σ(b) = 1 - 1/k that keep for k = 1 ... T steps
        keep = torch.empty(WIDTH).uniform_(1, task.lengths[-1] - 1).log()
        for layer in (lstm, gru):
            layer.get_parameter("bias_hh_l0").zero_()
            layer.get_parameter("bias_ih_l0").zero_()[WIDTH : 2 * WIDTH] = keep  # f of i, f, g, o; z of r, z, n
        lstm.get_parameter("bias_ih_l0")[:WIDTH] = -keep
        identity.get_parameter("weight_ih_l0").normal_(0, 0.03)  # what is summed over 400 steps stays small
    return {"tanh": RNN(task.inputs, WIDTH), "ReLU, identity": identity, "LSTM": lstm, "GRU": gru}


def train(layer: Recurrent, rate: float, task: Task, steps: int) -> list[float]:
    """Loss on sequences of full length after each hundred steps, until the task is learnt."""
    generator = torch.Generator().manual_seed(1)
    torch.manual_seed(0)
    read = nn.Linear(WIDTH, task.outputs)
    parameters = [*layer.parameters(), *read.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=rate)
    held_out = task.draw(task.lengths[-1], HELD_OUT, generator)
    curve, total, longer = [], 0.0, iter(task.lengths[1:])
    length = task.lengths[0]
    for step in range(1, steps + 1):
        x, target = task.draw(length, BATCH, generator)
        loss = task.loss(read(layer(x)[0]), target)
        optimiser.zero_grad()
        loss.backward()
        norm = clip([p.grad for p in parameters if p.grad is not None], GradientClipping(norm=1.0))
        if math.isfinite(norm):  # what has overflowed says nothing about where to go
            optimiser.step()
        total += loss.item() / LOOK_EVERY
        if step % LOOK_EVERY == 0:
            with torch.no_grad():
                curve.append(task.loss(read(layer(held_out[0])[0]), held_out[1]).item())
            if curve[-1] < task.solved:
                break
            if total < task.without_memory / 5:  # these are learnt
                length = next(longer, length)
            total = 0.0
    return curve


def main() -> None:
    """Train, print, and draw."""
    parser = argparse.ArgumentParser(description="Tasks that take a long memory.")
    parser.add_argument("--task", choices=["adding", "copy", "both"], default="both")
    parser.add_argument("--networks", default="tanh,ReLU identity,LSTM,GRU")
    parser.add_argument("--steps", type=int, default=6000, help="of training, at most")
    parser.add_argument("--save", type=Path, help="curves as .npz, or a picture as .svg or .png")
    given = parser.parse_args()
    for name, task in {"adding": adding(), "copy": copy()}.items():
        if given.task not in (name, "both"):
            continue
        print(f"{name}, {task.lengths[-1]} steps; {task.without_memory:.4f} without memory")
        curves: dict[str, list[float]] = {}
        for kind, layer in networks(task).items():
            if kind.replace(",", "") not in given.networks.split(","):
                continue
            began = time.process_time()
            curves[kind] = train(layer, task.rates[kind], task, given.steps)
            seconds, at = time.process_time() - began, len(curves[kind]) * LOOK_EVERY
            said = f"learnt in {at} steps" if curves[kind][-1] < task.solved else f"not learnt in {at} steps"
            print(f"  {kind:15} loss {curves[kind][-1]:.4f}, {said}, {seconds:.0f} s", flush=True)
        if given.save and given.save.suffix == ".npz":
            keep(given.save, name, task, curves)
        elif given.save:
            at = LOOK_EVERY * np.arange(1, max(map(len, curves.values())) + 1)
            figure = plot_memory_curves(curves, steps=at, without_memory=task.without_memory)
            figure.savefig(given.save.with_stem(f"{given.save.stem}_{name}"), dpi=150)


def keep(path: Path, name: str, task: Task, curves: dict[str, list[float]]) -> None:
    """Put the curves of a task beside those that the file holds."""
    found: dict[str, np.ndarray] = {}
    if path.exists():
        with np.load(path) as file:
            found = {each: file[each] for each in file.files}
    found |= {f"{name}/{kind}": np.array(curve, dtype=np.float32) for kind, curve in curves.items()}
    longest = max(len(curve) for each, curve in found.items() if each.startswith(f"{name}/"))
    found[f"steps of {name}"] = LOOK_EVERY * np.arange(1, longest + 1)
    found[f"without memory, {name}"] = np.array(task.without_memory)
    np.savez_compressed(path, **found)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
