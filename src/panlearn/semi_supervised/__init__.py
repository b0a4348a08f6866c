"""Learning from few labels and many unlabelled rows."""

from panlearn.semi_supervised.transductive_svc import TransductiveSVC

__all__ = ["TransductiveSVC"]
