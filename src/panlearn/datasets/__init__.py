"""Tables from files, and a real data set that travels with the package."""

from panlearn.datasets.table import read_table
from panlearn.datasets.wine_quality import load_wine_quality

__all__ = ["load_wine_quality", "read_table"]
