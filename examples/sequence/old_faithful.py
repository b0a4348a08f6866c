"""Old Faithful in the order of time: a Gaussian hidden Markov model of 299 eruptions [azzalini1990].

    python examples/sequence/old_faithful.py FILE

FILE is a CSV file with the columns `waiting` and `duration`, one row an eruption, as `geyser` of the R package MASS. A
mixture of bells sees two or three kinds of eruption. The chain also says which kind comes after which: after a short
eruption always a long one.
"""

import csv
import sys
from pathlib import Path

import numpy as np

from panlearn.mixture import GaussianMixture
from panlearn.sequence import GaussianHMM


def main() -> None:
    """Choose the number of states by BIC, and show the chain."""
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
        X = np.array([[float(row["waiting"]), float(row["duration"])] for row in csv.DictReader(file)])
    print(f"{len(X)} eruptions\n\nstates   BIC of the chain   BIC of a mixture")
    models = {}
    for k in range(1, 6):
        model = GaussianHMM(k, "full", n_iter=1000, tol=1e-4, n_init=5, random_state=0)
        models[k] = model.fit(X)
        mixture = GaussianMixture(k, tol=1e-6, max_iter=1000, n_init=5, random_state=0).fit(X)
        print(f"{k:6}   {models[k].bic(X):16.1f}   {mixture.bic(X):16.1f}")
    best = min(models, key=lambda k: models[k].bic(X))
    model = models[best]
    print(f"\nbest: {best} states; {model.certificate_}\n")
    order = np.argsort(model.means_[:, 1])
    print("state   wait [min]   lasts [min]   share   next: " + "   ".join(f"{k}" for k in range(best)))
    share = model.get_stationary_distribution()
    for k, j in enumerate(order):
        following = "  ".join(f"{p:.2f}" for p in model.transmat_[j][order])
        print(f"{k:5}   {model.means_[j, 0]:10.1f}   {model.means_[j, 1]:11.2f}   {share[j]:5.2f}        {following}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python examples/sequence/old_faithful.py FILE")
    main()
