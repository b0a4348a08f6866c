"""Spoken digits by a recurrent network over their cepstra: one label for a whole recording.

    python examples/neural_network/spoken_digits.py RECORDINGS.tar.gz

The archive holds the WAV files `recordings/{digit}_{speaker}_{index}.wav` of the Free Spoken Digit Dataset, 8 kHz,
mono; index 0 to 4 is the test set. Frames and cepstra are those of `examples/sequence/spoken_digits.py`, where ten
hidden Markov models tell 98.5 % right. Here one network reads them in both directions, and the largest value of each of
its outputs over time decides. Two minutes a seed on one core.
"""

import sys
import time

import numpy as np

from panlearn.datasets import read_spoken_digits
from panlearn.neural_network import SequenceClassifier
from panlearn.sequence import cepstra


def main() -> None:
    """Fit on the training recordings with three seeds, and judge by the test recordings."""
    data = read_spoken_digits(sys.argv[1])
    frames = [cepstra(sound, data.rate) for sound in data.sounds]
    train, test = ([frames[i] for i in np.flatnonzero(part)] for part in (~data.test, data.test))
    said = data.digits[data.test]
    print(f"{len(train)} recordings to learn from, {len(test)} to test")
    for seed in range(3):
        model = SequenceClassifier(
            "gru", hidden_size=64, bidirectional=True, pooling="max", dropout=0.3, max_epochs=8, random_state=seed
        )
        began = time.perf_counter()
        heard = model.fit(train, data.digits[~data.test]).predict(test)
        print(f"seed {seed}: {(said == heard).mean():.1%} right, {time.perf_counter() - began:.0f} s", end="")
        wrong = [f"{a} taken for {b}" for a, b in zip(said, heard, strict=True) if a != b]
        print(f" ({', '.join(wrong)})" if wrong else "")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python examples/neural_network/spoken_digits.py RECORDINGS.tar.gz")
    main()
