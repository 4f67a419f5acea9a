"""What a model is made of, and what its levels hold."""

__all__ = []
