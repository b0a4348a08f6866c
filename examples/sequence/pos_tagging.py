"""Parts of speech of English by a conditional random field on words, affixes and shapes.

    python examples/sequence/pos_tagging.py FOLDER

FOLDER holds `en_ewt-ud-train.conllu.gz` and `en_ewt-ud-test.conllu.gz` of the Universal Dependencies' English Web
Treebank: ten columns a token, of which the second is the word and the fourth its part of speech.
"""

import argparse
import gzip
import time
from pathlib import Path

from panlearn.sequence import CRF, TokenFeatures


def read(path: Path) -> tuple[list[list[str]], list[list[str]]]:
    """Words and tags of the sentences of a file."""
    words, tags = [[]], [[]]
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            columns = line.split("\t")
            if columns[0].isdigit():  # neither a comment nor a part of a word
                words[-1].append(columns[1])
                tags[-1].append(columns[3])
            elif line == "\n":
                words.append([])
                tags.append([])
    return [w for w in words if w], [t for t in tags if t]


def main() -> None:
    """Fit, judge, and show what the model has learnt."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the files are")
    folder = parser.parse_args().folder
    (X, y), (X_test, y_test) = (read(folder / f"en_ewt-ud-{part}.conllu.gz") for part in ("train", "test"))
    begin = time.perf_counter()
    model = CRF(c2=0.1, features=TokenFeatures(affixes=(1, 4)), max_iterations=100).fit(X, y)
    print(f"{time.perf_counter() - begin:.0f} s, {len(model.classes_)} tags, {model.num_attributes_} attributes")
    print(model.certificate_)
    print(f"accuracy {model.score(X_test, y_test):.4f}")
    for a, b, weight in model.top_features(5).transitions:
        print(f"  {weight:+.2f}  {a} -> {b}")


if __name__ == "__main__":
    main()
