"""How good forecasts are."""

__all__ = []
