"""Movie reviews, ten folds: a convolutional network over words with vectors drawn at random [kim2014].

The data are the sentence polarity set: 5,331 sentences of praise and 5,331 of blame. Run with the folder that holds
`rt-polarity.neg.gz` and `rt-polarity.pos.gz`:

    python examples/neural_network/text_cnn.py path/to/rt_polarity --folds 10

Without a folder it learns a toy language, in which only the order of two words decides. Course note: 004 §6.
"""

import argparse
import gzip
import time
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

from panlearn.neural_network import TextCNNClassifier

NAMES = ("rt-polarity.neg.gz", "rt-polarity.pos.gz")


def read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Sentences, and 1 for praise."""
    # bytes are cut at line ends alone; a string would be cut at the character 0x85 as well, which some reviews hold
    files = [gzip.decompress((folder / name).read_bytes()).splitlines() for name in NAMES]
    parts = [[line.decode("latin-1") for line in lines] for lines in files]
    return np.array([*parts[0], *parts[1]], dtype=object), np.repeat([0, 1], [len(part) for part in parts])


def toy(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Sentences of five words; praise, if "not" stands right before "bad"."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    texts = []
    for label in y:
        words = list(rng.choice(["the", "film", "is", "long", "very"], 4))
        place = rng.integers(0, 5)
        words[place:place] = ["not", "bad"] if label else ["bad", "not"]
        texts.append(" ".join(words))
    return np.array(texts, dtype=object), y


def main() -> None:
    """Cross-validate."""
    parser = argparse.ArgumentParser(description="Movie reviews, ten folds.")
    parser.add_argument("folder", type=Path, nargs="?", help="with the two files of sentences")
    parser.add_argument("--folds", type=int, default=10)
    given = parser.parse_args()
    texts, y = read(given.folder) if given.folder else toy()
    # the reviews are cut into words already, by blanks
    model = TextCNNClassifier(token_pattern=r"\S+", max_epochs=3 if given.folder else 30, random_state=0)
    scores = []
    for train, test in StratifiedKFold(given.folds, shuffle=True, random_state=0).split(texts, y):
        began = time.perf_counter()
        model.fit(texts[train], y[train])
        seconds = (time.perf_counter() - began) / model.n_iter_
        scores.append(model.score(texts[test], y[test]))
        print(
            f"fold {len(scores)}: accuracy {scores[-1]:.4f}, {seconds:.2f} s an epoch, {model.certificate_}", flush=True
        )
    print(f"mean {np.mean(scores):.4f}, standard deviation of the folds {np.std(scores):.4f}")


if __name__ == "__main__":
    main()
