"""Layers, and the networks between a frame and a vector."""

__all__ = []
