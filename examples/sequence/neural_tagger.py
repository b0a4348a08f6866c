"""Slots of flight questions: a recurrent network whose tags agree with their neighbours (`panlearn.nn.CRF`).

ATIS: 4,478 questions such as "list flights from boston to denver tomorrow"; each word is tagged O, B-slot or I-slot.
Run with the folder that holds `train.bio.gz`, `valid.bio.gz` and `test.bio.gz` (a word and its tag a line, blank lines
between questions); under two minutes on two cores:

    python examples/sequence/neural_tagger.py path/to/atis

Without a folder it learns a toy language. `--independent` tags each word by itself, for comparison. Course note: 004
§11.
"""

import argparse
import gzip
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from panlearn.nn import CRF
from panlearn.sequence.metrics import f1_score

Sentence = tuple[list[str], list[str]]  # words, tags


def read(path: Path) -> list[Sentence]:
    """Questions of a file."""
    found = []
    for block in gzip.decompress(path.read_bytes()).decode().strip().split("\n\n"):
        lines = [line.split("\t") for line in block.splitlines() if "\t" in line]
        found.append(([word for word, _ in lines], [tag for _, tag in lines]))
    return found


def toy(n: int, seed: int) -> list[Sentence]:
    """Sentences in which a place of one or two words stands after "to" or "from"."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        words, tags = ["fly"], ["O"]
        for slot in rng.permutation(["to", "from"]):
            place = [["boston"], ["denver"], ["new", "york"], ["las", "vegas"]][rng.integers(4)]
            words += [slot, *place]
            tags += ["O", f"B-{slot}", *[f"I-{slot}"] * (len(place) - 1)]
        found.append((words, tags))
    return found


class Tagger(nn.Module):
    """Word vectors, a recurrent layer in both directions, a score of each tag, and the chain."""

    def __init__(self, n_words: int, n_tags: int, independent: bool) -> None:
        super().__init__()
        self.embed = nn.Embedding(n_words, 100)
        self.drop = nn.Dropout(0.4)
        self.recur = nn.LSTM(100, 100, batch_first=True, bidirectional=True)
        self.score = nn.Linear(200, n_tags)
        self.crf = CRF(n_tags, batch_first=True)
        if independent:  # a chain without transitions is a softmax of each word
            for parameter in self.crf.parameters():
                nn.init.zeros_(parameter).requires_grad_(False)

    def emissions(self, words: Tensor, mask: Tensor) -> Tensor:
        """Scores (b, t, L)."""
        x = self.drop(self.embed(words))
        packed = nn.utils.rnn.pack_padded_sequence(x, mask.sum(1), batch_first=True, enforce_sorted=False)
        x, _ = nn.utils.rnn.pad_packed_sequence(self.recur(packed)[0], batch_first=True)
        return self.score(self.drop(x))


class Numbers:
    """Words and tags as numbers; word 0 pads, word 1 is unknown."""

    def __init__(self, sentences: list[Sentence]) -> None:
        self.words = {word: k for k, word in enumerate(sorted({w for words, _ in sentences for w in words}), start=2)}
        self.tags = sorted({tag for _, tags in sentences for tag in tags})

    def batch(self, sentences: list[Sentence]) -> tuple[Tensor, Tensor, Tensor]:
        """Words, tags and mask (b, t)."""
        places = {tag: k for k, tag in enumerate(self.tags)}
        words = [torch.tensor([self.words.get(word, 1) for word in words]) for words, _ in sentences]
        tags = [torch.tensor([places.get(tag, 0) for tag in tags]) for _, tags in sentences]
        padded = nn.utils.rnn.pad_sequence(words, batch_first=True)
        return padded, nn.utils.rnn.pad_sequence(tags, batch_first=True), padded > 0


def train(model: Tagger, numbers: Numbers, sentences: list[Sentence], optimiser: torch.optim.Optimizer) -> float:
    """One pass; sentences of one length stand together. Returns the loss of a sentence."""
    model.train()
    order = sorted(sentences, key=lambda sentence: (len(sentence[0]), np.random.random()))  # noqa: NPY002
    starts, total = torch.randperm(-(-len(order) // 32)) * 32, 0.0
    for start in starts.tolist():
        words, tags, mask = numbers.batch(order[start : start + 32])
        words = torch.where((torch.rand(words.shape) < 0.02) & mask, 1, words)  # so that the unknown word learns
        loss = -model.crf(model.emissions(words, mask), tags, mask)
        optimiser.zero_grad()
        (loss / len(words)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        total += loss.item()
    return total / len(order)


@torch.no_grad()
def span_f1(model: Tagger, numbers: Numbers, sentences: list[Sentence]) -> float:
    """F1 of whole slots, by conlleval's rules."""
    model.eval()
    found = []
    for start in range(0, len(sentences), 256):
        words, _, mask = numbers.batch(sentences[start : start + 256])
        found += [[numbers.tags[k] for k in path] for path in model.crf.decode(model.emissions(words, mask), mask)]
    return f1_score([tags for _, tags in sentences], found)


def main() -> None:
    """Train and test."""
    parser = argparse.ArgumentParser(description="Slots of flight questions.")
    parser.add_argument("folder", type=Path, nargs="?", help="with train.bio.gz, valid.bio.gz and test.bio.gz")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--independent", action="store_true", help="tag each word by itself")
    given = parser.parse_args()
    parts = ("train", "valid", "test")
    data = {
        part: read(given.folder / f"{part}.bio.gz") if given.folder else toy(300, k) for k, part in enumerate(parts)
    }
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    numbers = Numbers(data["train"])
    model = Tagger(len(numbers.words) + 2, len(numbers.tags), given.independent)
    optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=3e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, given.epochs)
    print(f"{len(numbers.words)} words, {len(numbers.tags)} tags")
    for epoch in range(given.epochs):
        began = time.perf_counter()
        loss = train(model, numbers, data["train"], optimiser)
        schedule.step()
        seconds, f1 = time.perf_counter() - began, span_f1(model, numbers, data["valid"])
        print(f"epoch {epoch + 1}: loss {loss:.3f}, F1 of the validation part {f1:.4f}, {seconds:.1f} s", flush=True)
    print(f"test F1 {span_f1(model, numbers, data['test']):.4f}")


if __name__ == "__main__":
    main()
