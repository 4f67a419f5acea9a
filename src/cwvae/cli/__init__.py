"""The command line: the only room that prints."""

from cwvae.cli.main import main

__all__ = ["main"]
