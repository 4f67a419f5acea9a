"""The version of the package, stated here alone."""

__all__ = ["__version__"]

__version__ = "0.2.0"
"""Its number, by the rules of PEP 440."""
