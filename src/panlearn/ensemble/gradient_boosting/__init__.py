"""The engine of gradient boosting: bins, histograms, trees grown by teams of threads, and the loop over rounds."""
