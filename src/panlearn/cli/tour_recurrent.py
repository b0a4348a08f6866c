"""Worked facts on recurrent networks: a cell by hand, what comes back through time, CTC's collapse.

Notes 000 §5, 001 §8, 003 §2, 004 §1-§2.
"""

from collections.abc import Iterator
from math import log, tanh
from typing import Any

import numpy as np

from panlearn.cli.tour import TourRow, check


def examples() -> Iterator[TourRow]:
    """Yield what a pencil finds; nothing where torch is not installed."""
    try:
        import panlearn.nn  # noqa: F401
    except ModuleNotFoundError:
        return
    yield from cell()
    yield from variants()
    yield from through_time()
    yield from thousand_steps()
    yield from clipped()
    yield from collapse()


def cell() -> Iterator[TourRow]:
    """One step of an LSTM with one unit: gates 3/4, 1/2 and 4/5, candidate 3/5, and a cell that held 1.1."""
    from panlearn.diagnostics.worked_recurrence import lstm_step

    example, note = "an LSTM's cell, one step by hand", "003 §2.2"
    c, h = lstm_step({"i": log(3), "f": 0.0, "g": log(2), "o": log(4)}, cell=1.1)
    # sigmoid(ln 3) = 3/4, tanh(ln 2) = 3/5, sigmoid(ln 4) = 4/5
    yield check(example, note, "c = 1/2 · 1.1 + 3/4 · 3/5", "1.00", c)
    yield check(example, note, "h = 4/5 · tanh(1)", "0.6093", h)
    kept, _ = lstm_step({"i": -50.0, "f": 50.0, "g": log(2), "o": log(4)}, cell=1.1)
    yield check(example, note, "c, forget gate open, input shut", "1.10", kept)


def variants() -> Iterator[TourRow]:
    """The same step with coupled gates and with peepholes; ordered neurons."""
    from panlearn.diagnostics.worked_recurrence import lstm_step, soft_steps

    example, note = "variants of the cell", "003 §2.2.5"
    c, _ = lstm_step({"f": -log(3), "g": log(2), "o": log(4)}, cell=1.1, variant="coupled")  # f = 1/4, so i = 3/4
    yield check(example, note, "coupled: c = 1/4 · 1.1 + 3/4 · 3/5", "0.725", c)
    eyes = [0.0, log(3) / 1.1, -log(4) / 1.275]  # f looks at c_{t-1} = 1.1, o at c_t = 1.275
    scores = {"i": log(3), "f": 0.0, "g": log(2), "o": log(4)}
    c, h = lstm_step(scores, cell=1.1, variant="peephole", peephole=eyes)
    yield check(example, note, "peephole: c = 3/4 · 1.1 + 3/4 · 3/5", "1.275", c)
    yield check(example, note, "its output gate sees c of now", "0.5", h / tanh(c))
    steps = soft_steps(np.log([1.0, 2.0, 1.0]))
    for place, expected in enumerate(("0.25", "0.75", "1.00")):
        yield check(example, note, f"cumax(ln 1, ln 2, ln 1), {place + 1}", expected, steps[place])
    fall = max(0.0, -np.diff(soft_steps(np.sin(np.linspace(-5, 5, 1000)) * 9)).min())
    yield check(example, note, "cumax of 1000 scores, largest fall", "0.000000", fall)


def through_time() -> Iterator[TourRow]:
    """A plain network of one unit: the products of note 003 (2.40) against the backward pass."""
    from panlearn.diagnostics.worked_recurrence import scalar_network

    example, note = "back-propagation through time", "003 §2.1.3"
    u = 0.8
    h, found = scalar_network(u, [0.5, -1.0, 2.0, 0.25])
    slopes, before = 1 - h**2, np.append(0.0, h[:-1])
    total = 0.0
    for t in range(4):
        delta = slopes[t] * h[t]  # delta_{t,t}, of L_t = h_t² / 2
        for k in range(t, -1, -1):
            total += delta * before[k]  # note 003 (2.29)
            delta *= slopes[k - 1] * u if k else 0.0  # delta_{t,k-1}, note 003 (2.25)
    yield check(example, note, "ΣΣ δ(t,k) h(k-1) - dL/dU", "0.000000000000", found - total)


def thousand_steps() -> Iterator[TourRow]:
    """A linear recurrence of factor w over a thousand steps (note 001 §8.4)."""
    from panlearn.diagnostics.worked_recurrence import linear_gradient

    example, note = "a gradient over a thousand steps", "001 §8.4"
    yield check(example, note, "w = 1.01, ten thousands", "2", linear_gradient(1.01, 1000) / 1e4)
    yield check(example, note, "w = 0.99", "0", linear_gradient(0.99, 1000))


def clipped() -> Iterator[TourRow]:
    """Clipping by norm: the length is bounded, the direction stays (note 000 §5.5)."""
    from panlearn.diagnostics.worked_recurrence import clipped_to

    example, note = "clipping a gradient (3, 4) to length 1", "000 §5.5"
    length, gradient = clipped_to(1.0, [3.0, 4.0])
    yield check(example, note, "its length", "5", length)
    for place, expected in enumerate(("0.6", "0.8")):
        yield check(example, note, f"component {place + 1}", expected, gradient[place])


def collapse() -> Iterator[TourRow]:
    """CTC: repeats are one, blanks part; the best path need not spell the best string (note 001 §8.5)."""
    from panlearn.decode import ctc_beam_search, ctc_greedy

    example, note = "connectionist temporal classification", "001 §8.5"
    letters = "-helo"  # 0 is the blank
    path = [letters.index(letter) for letter in "hhe-ll-loo"]
    spelt = "".join(letters[k] for k in _tokens(ctc_greedy(np.log(np.eye(5)[path] + 1e-9))))
    yield check(example, note, "hhe-ll-loo is hello", "1", float(spelt == "hello"))
    frames = np.log([[0.6, 0.4], [0.6, 0.4]])
    greedy, beam = ctc_greedy(frames), _best(ctc_beam_search(frames))
    yield check(example, note, "best path --: letters", "0", len(_tokens(greedy)))
    yield check(example, note, "its probability", "0.36", np.exp(_best(greedy).score))
    yield check(example, note, "best string a: aa, a-, -a", "0.64", np.exp(beam.score))


def _tokens(path: Any) -> list[int]:
    return np.asarray(path.tokens).tolist()


def _best(found: Any) -> Any:
    return found[0] if isinstance(found, list) else found
