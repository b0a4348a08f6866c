"""The pictures of the pages on sequences, drawn while the site is built."""

from functools import cache

import numpy as np
from matplotlib.figure import Figure

from panlearn.plot import plot_crf_features, plot_posterior_heatmap, plot_state_path, plot_transition_graph
from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, house_style, new_axes
from panlearn.sequence import CRF, GaussianHMM, viterbi

START = np.array([0.2, 0.4, 0.4])  # three boxes of red and white balls [li2012]
MOVES = np.array([[0.5, 0.2, 0.3], [0.3, 0.5, 0.2], [0.2, 0.3, 0.5]])
COLOURS = np.array([[0.5, 0.5], [0.4, 0.6], [0.7, 0.3]])
SEEN = [0, 1, 0]  # red, white, red
MODES = np.array([[0.97, 0.03, 0.0], [0.0, 0.95, 0.05], [0.06, 0.0, 0.94]])  # a machine: rest, start, work, rest
LEVELS = np.array([[0.0], [2.0], [3.5]])


def boxes() -> Figure:
    """Three boxes as a chain: each follows itself with probability 0.5, and the others with 0.2 and 0.3."""
    return plot_transition_graph(MOVES, start=START, names=["box 1", "box 2", "box 3"])


@house_style()
def trellis() -> Figure:
    """Viterbi for three boxes and the balls red, white, red: the best way to each box, and the best of all, 3, 3, 3."""
    scores = np.log(COLOURS[:, SEEN].T)
    best = START * COLOURS[:, SEEN[0]]
    path = viterbi(scores, np.log(MOVES), np.log(START)).path
    figure, axes = new_axes(5.4, 3.0)
    axes.set(xticks=[], yticks=[], xlim=(-0.7, 2.6), ylim=(2.6, -0.9))
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    for t, ball in enumerate(SEEN):
        axes.text(t, -0.7, ("red", "white")[ball], ha="center", color=MUTED)
        if t:
            ways = best[:, None] * MOVES
            for j, i in enumerate(ways.argmax(axis=0)):
                on_path = (path[t - 1], path[t]) == (i, j)
                look = {"color": ACCENT, "linewidth": 2.6} if on_path else {"color": QUIET, "linewidth": 1.0}
                axes.annotate("", (t - 0.2, j), (t - 0.8, i), arrowprops={"arrowstyle": "-|>", **look})
            best = ways.max(axis=0) * COLOURS[:, ball]
        for j in range(3):
            mine = path[t] == j
            frame = {"boxstyle": "round,pad=0.4", "facecolor": "none", "edgecolor": ACCENT if mine else QUIET}
            axes.text(t, j, f"{best[j]:.3g}", ha="center", va="center", color=INK, bbox=frame)
    for j in range(3):
        axes.text(-0.35, j, f"box {j + 1}", ha="right", va="center", color=MUTED)
    return figure


def state_path() -> Figure:
    """A machine that rests, starts and works: 250 readings, the states found without labels, and the true ones."""
    model, readings, truth = _machine()
    order = np.argsort(model.means_.ravel())  # states found come in any order
    path = np.argsort(order)[model.predict(readings)]
    names = ["rest", "start", "work"]
    return plot_state_path(readings, path, means=model.means_[order], truth=truth, names=names, x_label="reading")


def transitions() -> Figure:
    """The machine's transitions as they were learnt: from rest to start to work and to rest again, never back."""
    model, _, _ = _machine()
    order = np.argsort(model.means_.ravel())
    moves = model.transmat_[np.ix_(order, order)]
    share = model.get_stationary_distribution()[order]
    return plot_transition_graph(moves, share=share, names=["rest", "start", "work"], smallest=0.005)


def posterior() -> Figure:
    """Tag probabilities of a sentence that lacks a word: sure of where from, in doubt over the names that follow."""
    model, words = _tagger(), ["tickets", "from", "Oslo", "New", "Lima", "Friday", "please"]
    labels = ["O", "B-from", "I-from", "B-to", "I-to", "B-day"]
    probabilities = model.predict_marginals_single(_features(words))
    table = np.array([[frame[label] for label in labels] for frame in probabilities])
    path = [labels.index(label) for label in model.predict_single(_features(words))]
    return plot_posterior_heatmap(table, path=path, names=labels, frames=words)


def crf_weights() -> Figure:
    """Heaviest weights of a tagger of travel plans: the word before tells where from and where to."""
    return plot_crf_features(_tagger(), top=12)


@cache
def _machine() -> tuple[GaussianHMM, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    states = [0]
    while len(states) < 250:
        states.append(int(rng.choice(3, p=MODES[states[-1]])))
    readings = LEVELS[states] + 0.55 * rng.normal(size=(250, 1))
    model = GaussianHMM(3, n_iter=200, tol=1e-6, n_init=5, random_state=0)
    return model.fit(readings), readings, np.array(states)


@cache
def _tagger() -> CRF:
    rng = np.random.default_rng(0)
    towns = ["Rome", "Oslo", "Delhi", "New York", "San Jose", "Lima", "Cairo", "Buenos Aires"]
    days = ["Monday", "Friday", "Saturday"]
    asks = ["book a flight", "I want to go", "show me trains", "tickets please"]
    X, y = [], []
    for _ in range(200):
        source, goal = rng.choice(towns, 2, replace=False)
        parts = [("from", ""), (source, "from"), ("to", ""), (goal, "to")]
        parts = parts[2:] + parts[:2] if rng.random() < 0.4 else parts
        parts = [(str(rng.choice(asks)), ""), *parts]
        if rng.random() < 0.5:
            parts += [("on", ""), (str(rng.choice(days)), "day")]
        words, tags = [], []
        for text, kind in parts:
            for k, word in enumerate(text.split()):
                words.append(word)
                tags.append(("I-" if k else "B-") + kind if kind else "O")
        X.append(_features(words))
        y.append(tags)
    return CRF(c2=0.3, constraints="BIO").fit(X, y)


def _features(words: list[str]) -> list[list[str]]:
    around = ["", *words, ""]
    return [
        [f"word={w}", f"before={around[t]}", f"after={around[t + 2]}", f"capital={w[0].isupper()}"]
        for t, w in enumerate(words)
    ]
