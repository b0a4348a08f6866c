"""A heap that keeps the k best of a stream of scores, for kernels.

The worst score kept is at the root: a newcomer is compared with that one alone, and most go no further. A record holds
a score and the number of a place (0 to k - 1) where its owner keeps what belongs to it; a newcomer that is kept takes
over the place of the one that it drives out.
"""

import numpy as np

from panlearn.core.jit import kernel

SCORED = np.dtype([("score", np.float64), ("place", np.int64)])


@kernel
def add(heap, n, score):  # writes heap
    """Keep a score if it is among the best that the heap has room for; the place given to it, -1 if it is not."""
    if n < heap.size:
        rise(heap, n, score, n)
        return n
    if not score > heap[0].score:
        return -1
    place = heap[0].place
    sink(heap, n, score, place)
    return place


@kernel
def rise(heap, n, score, place):  # writes heap
    """Put one more score behind the n there are."""
    k = n
    while k > 0 and heap[(k - 1) // 2].score > score:
        above = heap[(k - 1) // 2]
        heap[k].score, heap[k].place = above.score, above.place
        k = (k - 1) // 2
    heap[k].score, heap[k].place = score, place


@kernel
def sink(heap, n, score, place):  # writes heap
    """Put a score in the stead of the root."""
    k = 0
    while 2 * k + 1 < n:
        child = 2 * k + 1
        if child + 1 < n and heap[child + 1].score < heap[child].score:
            child += 1
        if heap[child].score >= score:
            break
        heap[k].score, heap[k].place = heap[child].score, heap[child].place
        k = child
    heap[k].score, heap[k].place = score, place


@kernel
def fall(heap, n):  # writes heap
    """Sort what is kept, the best first."""
    for last in range(n - 1, 0, -1):
        score, place = heap[0].score, heap[0].place
        sink(heap, last, heap[last].score, heap[last].place)
        heap[last].score, heap[last].place = score, place
