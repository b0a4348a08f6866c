"""A model that writes prose, letter by letter.

An LSTM reads a text as one stream, cut into 32 pieces side by side, 64 letters at a time, and carries its state from
window to window. Run with one or more text files (UTF-8, or gzipped); a novel takes some minutes of one core:

    python examples/neural_network/character_model.py path/to/novel.txt --epochs 10

The last tenth of the text is kept apart: its bits per letter are compared with those of counts of single letters. With
no file it reads the licence of Python, which every installation holds. Course notes: 002, 003 §2, 004 §1.
"""

import argparse
import builtins
import gzip
import math
import time
from collections import Counter
from pathlib import Path

from panlearn.neural_network import SequenceGenerator


def read(path: Path) -> str:
    """Text of a file."""
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode(errors="replace")


def licence() -> str:
    """The licence of Python."""
    printer = getattr(builtins, "license")  # noqa: B009, of the site module: unknown to type checkers
    printer._Printer__setup()
    return "\n".join(printer._Printer__lines)


def bits_of_counts(train: str, test: str) -> float:
    """Bits per letter of a model that only counts letters."""
    counts = Counter(train)
    total = len(train) + len(counts) + 1
    return -sum(math.log2((counts[letter] + 1) / total) for letter in test) / len(test)


def main() -> None:
    """Read, judge, write."""
    parser = argparse.ArgumentParser(description="A model that writes prose, letter by letter.")
    parser.add_argument("files", type=Path, nargs="*", help="texts")
    parser.add_argument("--epochs", type=int, default=0, help="10, or 60 without files")
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--letters", type=int, default=600_000, help="most letters read")
    given = parser.parse_args()
    text = "\n".join(map(read, given.files)) if given.files else licence()
    text = text[: given.letters]
    cut = len(text) * 9 // 10
    train, test = text[:cut], text[cut:]
    model = SequenceGenerator(
        hidden_size=given.hidden,
        embedding_size=32,
        stateful=True,
        bptt_window=64,
        max_epochs=given.epochs or (10 if given.files else 60),
        learning_rate=5e-3,
        learning_rate_schedule="cosine",
        random_state=0,
    )
    began = time.process_time()
    model.fit([train])
    print(f"{len(train):,} letters, {len(model.vocabulary_)} different, {time.process_time() - began:.0f} CPU s")
    bits = -model.score([test]) / math.log(2)
    print(f"bits per letter on the rest: {bits:.3f}; counts: {bits_of_counts(train, test):.3f}")
    for temperature in (0.5, 0.8, 1.0):
        (written,) = model.generate(1, 200, prompt=train[:20], temperature=temperature)
        print(f"--- temperature {temperature}\n{written}")


if __name__ == "__main__":
    main()
