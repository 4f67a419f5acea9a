"""Configurations, one optimisation step, checkpoints, and the folder of a run."""

__all__ = []
