"""Slots of flight questions by five recurrent taggers: Elman, Jordan, LSTM, BiLSTM, BiLSTM with a chain.

ATIS: 4,478 questions such as "list flights from boston to denver tomorrow"; each word is tagged O, B-slot or I-slot.
Run with the folder that holds `train.bio.gz`, `valid.bio.gz` and `test.bio.gz` (a word and its tag a line, blank lines
between questions); about a minute of one core each:

    python examples/neural_network/atis_slots.py path/to/atis --seeds 3

Each epoch is judged on the validation part and the best one kept; the test part is looked at once, at the end. Networks
that read from left to right see a window of three words on both sides [mesnil2013]. Published F1: Elman 94.1 to 95.0,
LSTM 94.9, bidirectional 95.8 with intents beside. Without a folder a toy language is learnt. Course notes: 001 §8, 003
§2, 004 §11.
"""

import argparse
import gzip
import time
from pathlib import Path
from typing import Any

import numpy as np

from panlearn.neural_network import EarlyStopping, SequenceTagger

Part = tuple[list[list[str]], list[list[str]]]  # words and tags of each sentence
MODELS: dict[str, dict[str, Any]] = {
    "Elman": {"cell": "rnn", "bidirectional": False, "context": 3},
    "Jordan": {"cell": "jordan", "bidirectional": False, "context": 3},
    "LSTM": {"bidirectional": False, "context": 3},
    "BiLSTM": {},
    "BiLSTM-CRF": {"output": "crf"},
}


def read(path: Path) -> Part:
    """Questions of a file."""
    words, tags = [], []
    for block in gzip.decompress(path.read_bytes()).decode().strip().split("\n\n"):
        lines = [line.split("\t") for line in block.splitlines() if "\t" in line]
        words.append([word for word, _ in lines])
        tags.append([tag for _, tag in lines])
    return words, tags


def toy(n: int, seed: int) -> Part:
    """Sentences in which a place of one or two words stands after "to" or "from"."""
    rng = np.random.default_rng(seed)
    found: Part = ([], [])
    for _ in range(n):
        words, tags = ["fly"], ["O"]
        for slot in rng.permutation(["to", "from"]):
            place = [["boston"], ["denver"], ["new", "york"], ["las", "vegas"]][rng.integers(4)]
            words += [str(slot), *place]
            tags += ["O", f"B-{slot}", *[f"I-{slot}"] * (len(place) - 1)]
        found[0].append(words)
        found[1].append(tags)
    return found


def main() -> None:
    """Train and test each of them."""
    parser = argparse.ArgumentParser(description="Slots of flight questions by five recurrent taggers.")
    parser.add_argument("folder", type=Path, nargs="?", help="with train.bio.gz, valid.bio.gz and test.bio.gz")
    parser.add_argument("--seeds", type=int, default=1, help="fits of each model")
    parser.add_argument("--epochs", type=int, default=0, help="at most; 40, or 6 for the toy language")
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    given = parser.parse_args()
    parts = ("train", "valid", "test")
    data = {
        part: read(given.folder / f"{part}.bio.gz") if given.folder else toy(150, k) for k, part in enumerate(parts)
    }
    epochs = given.epochs or (40 if given.folder else 6)
    print("model        seed  epochs  parameters  CPU s  valid F1  test F1")
    for name in given.models:
        for seed in range(given.seeds):
            model = SequenceTagger(
                **MODELS[name],
                max_epochs=epochs,
                early_stopping=EarlyStopping(8, monitor="validation_score"),
                random_state=seed,
            )
            began = time.process_time()
            model.fit(*data["train"], X_dev=data["valid"][0], y_dev=data["valid"][1])
            seconds = time.process_time() - began
            scores = [model.span_score(*data[part]) for part in ("valid", "test")]
            print(
                f"{name:11}  {seed:4}  {model.n_iter_:6}  {model.n_parameters_:10,}  {seconds:5.0f}  "
                f"{scores[0]:8.4f}  {scores[1]:7.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
