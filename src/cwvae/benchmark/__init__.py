"""The video benchmark: every method on the same videos, from training to tables."""
