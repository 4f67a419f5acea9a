"""What is done for speed: formulations of the same numbers behind one choice (see the README)."""

__all__ = []
