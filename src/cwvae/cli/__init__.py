"""The command line: the only room that prints, writes files and reads the clock."""

from cwvae.cli.main import main

__all__ = ["main"]
