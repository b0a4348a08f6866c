"""Spoken digits: a hidden Markov model for each digit, the likeliest of ten decides [rabiner1989].

    python examples/sequence/spoken_digits.py RECORDINGS.tar.gz

The archive holds the WAV files `recordings/{digit}_{speaker}_{index}.wav` of the Free Spoken Digit Dataset, 8 kHz,
mono; index 0 to 4 is the test set. A frame is 25 ms, each 10 ms; what the ear hears of its spectrum is, about, its
cepstrum: logarithms of the energy in bands that widen with the frequency, and their cosine transform [davis1980].
With the change over time beside it, a digit is a left-right chain of a few states, each a mixture of two bells. A
minute on two cores.
"""

import sys
import time

import numpy as np

from panlearn.datasets import read_spoken_digits
from panlearn.sequence import GMMHMM, cepstra

STATES = 7


def recordings(path: str) -> dict[str, list[tuple[int, np.ndarray]]]:
    """Digits and their cepstra, "train" and "test"."""
    data = read_spoken_digits(path)
    parts: dict[str, list[tuple[int, np.ndarray]]] = {"train": [], "test": []}
    for sound, digit, held in zip(data.sounds, data.digits.tolist(), data.test, strict=True):
        parts["test" if held else "train"].append((digit, cepstra(sound, data.rate)))
    return parts


def left_right(sequences: list[np.ndarray]) -> GMMHMM:
    """Fit a chain that may only stay or go one state on; it starts with equal parts of each recording."""
    enough = 0.02 * len(sequences)  # EM stops when a recording gains less than a fiftieth of a nat
    model = GMMHMM(STATES, 2, init_params="w", covars_prior=2.0, covars_weight=0.5, n_iter=100, tol=enough)
    model.startprob_ = np.eye(STATES)[0]
    model.transmat_ = np.eye(STATES) * 0.8 + np.eye(STATES, k=1) * 0.2
    model.transmat_[-1, -1] = 1.0
    parts = [np.concatenate(part) for part in zip(*(np.array_split(x, STATES) for x in sequences), strict=True)]
    spread = [part.std(axis=0) for part in parts]
    model.means_ = np.array(
        [[p.mean(axis=0) - 0.3 * s, p.mean(axis=0) + 0.3 * s] for p, s in zip(parts, spread, strict=True)]
    )
    model.covars_ = np.array([[s**2, s**2] for s in spread])
    return model.fit(sequences)


def main() -> None:
    """Fit ten models, and ask each for the likelihood of the test recordings."""
    began = time.perf_counter()
    data = recordings(sys.argv[1])
    counts = len(data["train"]), len(data["test"])
    print(f"{counts[0]} recordings to learn from, {counts[1]} to test: {time.perf_counter() - began:.1f} s")
    began = time.perf_counter()
    models = [left_right([x for digit, x in data["train"] if digit == d]) for d in range(10)]
    print(f"ten models: {time.perf_counter() - began:.1f} s")
    began = time.perf_counter()
    said = np.array([digit for digit, _ in data["test"]])
    heard = np.array([np.argmax([model.score(x) for model in models]) for _, x in data["test"]])
    print(f"right: {(said == heard).mean():.1%} of the test recordings, {time.perf_counter() - began:.1f} s")
    for a, b in sorted({(int(a), int(b)) for a, b in zip(said, heard, strict=True) if a != b}):
        print(f"  {a} taken for {b}: {((said == a) & (heard == b)).sum()}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python examples/sequence/spoken_digits.py RECORDINGS.tar.gz")
    main()
