"""Joined spoken digits: which digits were said, when nobody says where one ends [graves2006].

    python examples/neural_network/ctc_digits.py RECORDINGS.tar.gz

The archive holds the WAV files of the Free Spoken Digit Dataset, 8 kHz, mono, `{digit}_{speaker}_{index}.wav`. Two to
five recordings of one speaker are joined into an utterance; those of index 0 to 4 are in test utterances only. The
network gets cepstra (as in `examples/sequence/spoken_digits.py`), two frames stacked into one, and the words as tokens.
"""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "sequence"))
from spoken_digits import recordings

from panlearn.decode import word_error_rate
from panlearn.neural_network import CTCTranscriber

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
LENGTHS = range(2, 6)


def joined(parts: list[tuple[int, np.ndarray]], n: int, seed: int) -> tuple[list[np.ndarray], list[list[str]]]:
    """Utterances of random recordings, end to end, and their words; each recording is used equally often."""
    rng, order, X, y = np.random.default_rng(seed), np.empty(0, int), [], []
    for _ in range(n):
        k = int(rng.choice(LENGTHS))
        if len(order) < k:
            order = rng.permutation(len(parts))
        chosen, order = order[:k], order[k:]
        X.append(np.concatenate([parts[i][1] for i in chosen]))
        y.append([WORDS[parts[i][0]] for i in chosen])
    return X, y


def main() -> None:
    """Train, transcribe, and print the shares of wrong words."""
    began = time.perf_counter()
    data = recordings(sys.argv[1])
    train, test = joined(data["train"], 2000, 0), joined(data["test"], 300, 1)
    print(f"{len(train[0])} utterances to learn from, {len(test[0])} to test: {time.perf_counter() - began:.1f} s")
    model = CTCTranscriber(hidden_size=64, stacking=2, dropout=0.2, max_epochs=10, random_state=0, verbose=1)
    began = time.perf_counter()
    model.fit(*train)
    print(f"{model.certificate_}; {time.perf_counter() - began:.1f} s")
    y = [" ".join(words) for words in test[1]]
    for name, width in (("best path", None), ("beam of 50", 50)):
        began = time.perf_counter()
        found = [" ".join(words) for words in model.set_params(beam_width=width).predict(test[0])]
        took = time.perf_counter() - began
        right = np.mean([a == b for a, b in zip(y, found, strict=True)])
        print(f"{name}: {word_error_rate(y, found):.2%} of the words wrong, {right:.1%} utterances right; {took:.1f} s")
    aligned = model.align(test[0][:1], test[1][:1])[0]
    print(
        *(f"{word} at {0.02 * start:.2f} s" for word, start in zip(test[1][0], aligned.starts, strict=True)), sep=", "
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python examples/neural_network/ctc_digits.py RECORDINGS.tar.gz")
    main()
