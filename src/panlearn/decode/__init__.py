"""From scores to strings: greedy paths, prefix beams, forced alignment, and how wrong a transcript is."""

from panlearn.decode.ctc_beam_search import Hypothesis, ctc_beam_search
from panlearn.decode.ctc_greedy import GreedyPath, ctc_greedy
from panlearn.decode.error_rates import EditCounts, character_error_rate, edit_counts, word_error_rate
from panlearn.decode.forced_alignment import Alignment, forced_alignment
from panlearn.decode.lexicon import Lexicon
from panlearn.decode.ngram_model import NGramModel

__all__ = [
    "Alignment",
    "EditCounts",
    "GreedyPath",
    "Hypothesis",
    "Lexicon",
    "NGramModel",
    "character_error_rate",
    "ctc_beam_search",
    "ctc_greedy",
    "edit_counts",
    "forced_alignment",
    "word_error_rate",
]
