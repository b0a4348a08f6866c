"""Agglomeration by reciprocal nearest neighbours: many merges at a time while there are many, then a chain.

A linkage is *reducible* if a merger of a and b is no nearer to any other cluster than the nearer of the two was:

    d(a u b, c) >= min(d(a, c), d(b, c))        [bruynooghe1977]; Ward, average, complete, weighted and single are.

Then any two clusters that are each other's nearest neighbours may be merged at once, whatever else is still open: the
tree is that of always merging the closest pair [murtagh1983]. Two ways to find such pairs alternate here:

rounds   ask the nearest neighbour of every cluster that is new, or that is another's nearest and has lost its own; then
         merge all reciprocal pairs [yu2021].
         Questions come in batches: rows of a tile stay in cache, and threads share them.
chain    go from a cluster to its nearest neighbour, from there to its nearest, ... until two point at each other; go
         on from what is left of the chain. At most 3n questions, each of O(alive clusters), whatever the data.

An answer stays valid until the neighbour itself is merged: by reducibility nothing new comes nearer. So rounds go on
while they pay (a pair for every few questions), and the chain does the rest: it bounds the worst case, O(n^2 d).

Equal distances: the neighbour in the lowest slot is nearest, except that a chain goes back rather than on. Which of
several equal pairs merges first is then arbitrary, but the same in every run and with any number of threads.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np

from panlearn.cluster.merge_tree import Merges
from panlearn.core.jit import kernel
from panlearn.core.threads import map_chunks

ROUNDS_FROM = 512  # clusters: fewer are faster in the chain, which has no threads to start
PRICE = 16  # questions that a merge may cost in a round
BATCH = 1e9  # operations of one call: Ctrl-C waits no longer
SHRINK = 0.7  # share of occupied slots below which the clusters move together

ALIVE, FOUND, CHAIN = 0, 1, 2  # places in `State.totals`
PACKED = ("gap", "seen", "version", "size", "member")


class State(NamedTuple):
    """Clusters by slot, all arrays changed in place; a slot whose cluster was merged into another is empty."""

    nearest: np.ndarray  # (slots,) slot of the nearest neighbour when last asked; -1 if never
    gap: np.ndarray  # (slots,) the distance to it
    seen: np.ndarray  # (slots,) version of the neighbour that was seen
    version: np.ndarray  # (slots,) goes up whenever the cluster in the slot changes
    size: np.ndarray  # (slots,) members; 0 for an empty slot
    member: np.ndarray  # (slots,) a point of the cluster
    chain: np.ndarray  # (slots + 1,) slots, each the nearest neighbour of the one before
    left: np.ndarray  # (n - 1,) merges found: a member of one cluster,
    right: np.ndarray  # (n - 1,) of the other,
    height: np.ndarray  # (n - 1,) their distance
    totals: np.ndarray  # (3,) clusters alive, merges found, length of the chain


class Clusters(Protocol):
    """What the algorithm needs of a set of clusters: centroids, or rows of a matrix of distances."""

    cost: float  # operations per slot of one question
    order: np.ndarray  # (n,) the point that each slot holds at first

    def ask(self, state: State, slots: np.ndarray) -> None:
        """Set `nearest` and `gap` of these slots."""

    def merge(self, state: State, drop: np.ndarray, keep: np.ndarray) -> None:
        """Merge pairs of clusters, and call `record` for each."""

    def follow(self, state: State, questions: int) -> None:
        """Merge along the chain, asking so many questions at most, until `SHRINK` of the slots are occupied."""

    def move(self, state: State, slots: np.ndarray) -> None:
        """Move the clusters of these slots to slots 0, 1, ..."""


def new_state(order: np.ndarray) -> State:
    """Points, each a cluster."""
    n = len(order)
    real = np.empty(n - 1)
    zeros = np.zeros(n, np.int64)
    return State(
        np.full(n, -1),
        np.full(n, np.inf),
        zeros,
        zeros.copy(),
        np.ones(n),
        order.astype(np.int64),
        np.empty(n + 1, np.int64),
        np.empty(n - 1, np.int64),
        np.empty(n - 1, np.int64),
        real,
        np.array([n, 0, 0]),
    )


@kernel(inline=True)
def is_fresh(state, slot):
    """Whether the nearest neighbour of the cluster is known."""
    other = state.nearest[slot]
    return other >= 0 and state.version[other] == state.seen[slot]


@kernel
def record(state, drop, keep, height):
    """Note a merge; the new cluster lives in `keep`."""
    t = state.totals[FOUND]
    state.left[t], state.right[t], state.height[t] = state.member[drop], state.member[keep], height
    state.size[keep] += state.size[drop]
    state.size[drop] = 0.0
    state.version[drop] += 1
    state.version[keep] += 1
    state.nearest[keep] = -1
    state.totals[FOUND] += 1
    state.totals[ALIVE] -= 1


@kernel
def advance(state):
    """Lengthen the chain as far as is known; True if its last two are each other's nearest neighbours."""
    chain, count = state.chain, state.totals
    if count[CHAIN] == 0:
        first = 0
        while state.size[first] == 0.0:
            first += 1
        chain[0], count[CHAIN] = first, 1
    while True:
        tip = chain[count[CHAIN] - 1]
        if not is_fresh(state, tip):
            return False
        following = state.nearest[tip]
        if count[CHAIN] > 1 and chain[count[CHAIN] - 2] == following:
            return True
        if count[CHAIN] > count[ALIVE]:  # a circle of distances that are equal but for rounding
            chain[0], chain[1], count[CHAIN] = tip, following, 2
            return True
        chain[count[CHAIN]] = following
        count[CHAIN] += 1


@kernel
def turn_back(state, tip):
    """Mark the tip's answer as current; of two equally near the chain prefers the one it came from."""
    if state.totals[CHAIN] > 1:
        before = state.chain[state.totals[CHAIN] - 2]
        if state.gap[before] <= state.gap[tip]:
            state.nearest[tip], state.gap[tip] = before, state.gap[before]
    state.seen[tip] = state.version[state.nearest[tip]]


def agglomerate(clusters: Clusters) -> Merges:
    """All n - 1 merges of a reducible linkage.

    Parameters
    ----------
    clusters : Clusters
        The points, each a cluster, ready to answer.

    Returns
    -------
    Merges
        The merges in the order in which they were found.
    """
    state = new_state(clusters.order)
    while state.totals[ALIVE] > ROUNDS_FROM and _round(clusters, state):
        state = _compact(clusters, state)
    while state.totals[ALIVE] > 1:
        state = _compact(clusters, state)
        clusters.follow(state, max(1, int(BATCH / 2 / (clusters.cost * len(state.size)))))
    return Merges(state.left, state.right, state.height)


def _round(clusters: Clusters, state: State) -> bool:
    """Answer all open questions, merge all reciprocal pairs; False if that was too dear."""
    alive = np.flatnonzero(state.size)
    near = state.nearest[alive]
    fresh = (near >= 0) & (state.version[near] == state.seen[alive])
    asked = np.zeros(len(state.size), dtype=bool)
    asked[near[fresh]] = True  # somebody's nearest neighbour: a pair may come of it
    questions = alive[~fresh & (asked[alive] | (near < 0))]
    width = len(state.size)
    batch = max(1, int(BATCH / (clusters.cost * width)))
    for start in range(0, len(questions), batch):
        slots = questions[start : start + batch]
        work = clusters.cost * width * len(slots)
        map_chunks(lambda a, b, slots=slots: clusters.ask(state, slots[a:b]), len(slots), work=work)
    state.seen[questions] = state.version[state.nearest[questions]]
    near = state.nearest[alive]
    current = state.version[near] == state.seen[alive]
    mutual = (state.nearest[near] == alive) & (state.version[alive] == state.seen[near])
    pairs = current & mutual & (alive < near)
    clusters.merge(state, alive[pairs], near[pairs])
    return PRICE * int(pairs.sum()) > len(questions)


def _compact(clusters: Clusters, state: State) -> State:
    """Move the clusters together once too many slots are empty."""
    if state.totals[ALIVE] > SHRINK * len(state.size):
        return state
    slots = np.flatnonzero(state.size)
    clusters.move(state, slots)
    return pack_state(state, slots)


def pack_state(state: State, slots: np.ndarray) -> State:
    """The state without its empty slots; the order of the clusters stays."""
    place = np.full(len(state.size), -1)
    place[slots] = np.arange(len(slots))
    near, length = state.nearest[slots], state.totals[CHAIN]
    current = (near >= 0) & (state.version[near] == state.seen[slots])
    chain = np.empty(len(slots) + 1, np.int64)
    chain[:length] = place[state.chain[:length]]
    changed: dict[str, Any] = {name: getattr(state, name)[slots] for name in PACKED}
    nearest = np.where(current, place[near], -1)
    packed = state._replace(nearest=nearest, chain=chain, **changed)
    packed.seen[current] = packed.version[nearest[current]]
    return packed
