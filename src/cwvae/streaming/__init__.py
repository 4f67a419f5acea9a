"""A model that follows a video frame by frame."""

__all__ = []
