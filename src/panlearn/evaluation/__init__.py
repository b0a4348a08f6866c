"""Comparing methods on a table: the task, the columns, the folds, the scores, the leaderboard."""

from panlearn.evaluation.compare import compare
from panlearn.evaluation.comparison import Comparison
from panlearn.evaluation.storage import load_comparison, save_comparison
from panlearn.evaluation.tasks import infer_task

__all__ = ["Comparison", "compare", "infer_task", "load_comparison", "save_comparison"]
