"""What is done for speed: formulations of the same numbers, each behind one function."""

__all__ = []
