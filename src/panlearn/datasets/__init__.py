"""Tables and recordings from files, and a real data set that travels with the package."""

from panlearn.datasets.spoken_digits import SpokenDigits, read_spoken_digits
from panlearn.datasets.table import read_table
from panlearn.datasets.wine_quality import load_wine_quality

__all__ = ["SpokenDigits", "load_wine_quality", "read_spoken_digits", "read_table"]
