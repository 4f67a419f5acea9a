"""Faults made on purpose: what a training, a reader or a writer does when something breaks."""
