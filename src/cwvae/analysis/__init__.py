"""What a model is made of, and what its levels hold."""

from cwvae.analysis.interventions import blind, clamp, reset, swap
from cwvae.analysis.sizes import Level, Summary, summary

__all__ = ["Level", "Summary", "blind", "clamp", "reset", "summary", "swap"]
