"""Moods of sentences from their trees: a Tree-LSTM on the sentiment treebank [tai2015], [socher2013].

Every phrase of the treebank has a grade from 0 (very bad) to 4 (very good). Run with the folder that holds
`train.txt.gz` and `dev.txt.gz`:

    python examples/neural_network/tree_sentiment.py path/to/sst_trees --seeds 3
    python examples/neural_network/tree_sentiment.py path/to/sst_trees --binary

Without a folder it learns a toy language, in which "not" turns round whatever it stands over. Course note: 003 §2.4.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from panlearn.neural_network import EarlyStopping, TreeLSTMClassifier, WordTree, read_trees

TWO_MOODS = {0: 0, 1: 0, 3: 1, 4: 1}  # grade 2 says nothing


def toy(n: int = 200) -> list[WordTree]:
    """Phrases of good and bad, negated up to three times."""
    rng = np.random.default_rng(0)
    trees = []
    for _ in range(n):
        mood = int(rng.integers(2))
        tree: tuple = (mood, ["bad", "good"][mood])
        for _ in range(int(rng.integers(4))):
            negated = rng.random() < 0.5
            mood = 1 - mood if negated else mood
            tree = (mood, (None, "not" if negated else "so"), tree)
        trees.append(tree)
    return read_trees(trees)


def main() -> None:
    """Train and judge, one seed after the other."""
    parser = argparse.ArgumentParser(description="Moods of sentences from their trees.")
    parser.add_argument("folder", type=Path, nargs="?", help="with train.txt.gz and dev.txt.gz")
    parser.add_argument("--binary", action="store_true", help="two moods instead of five grades")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--cell", default="nary", help="nary, child_sum, recursive or tensor")
    given = parser.parse_args()
    if given.folder:
        labels = TWO_MOODS if given.binary else None
        train, dev = (read_trees(given.folder / f"{part}.txt.gz", labels) for part in ("train", "dev"))
        settings = {"max_epochs": 6, "early_stopping": EarlyStopping(patience=2)}
    else:
        trees = toy()
        train, dev, settings = trees[:150], trees[150:], {"hidden_size": 20, "embedding_size": 10, "max_epochs": 20}
    if given.cell in ("recursive", "tensor"):
        settings["hidden_size"] = 30
    y, scores = [tree.labels[0] for tree in dev], []
    for seed in range(given.seeds):
        began = time.perf_counter()
        model = TreeLSTMClassifier(given.cell, random_state=seed, **settings).fit(train)
        seconds = (time.perf_counter() - began) / model.n_iter_
        scores.append(model.score(dev, y))
        print(f"seed {seed}: accuracy {scores[-1]:.4f}, {seconds:.2f} s an epoch, {model.certificate_}", flush=True)
    print(f"{len(train)} trees to learn from, {len(dev)} to judge by: mean accuracy {np.mean(scores):.4f}")


if __name__ == "__main__":
    main()
