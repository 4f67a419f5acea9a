"""What a model is made of, and what its levels hold."""

from cwvae.analysis.interventions import blind, clamp, resample, reset, swap
from cwvae.analysis.latents import LevelLatents, follow
from cwvae.analysis.probes import Readout, read_classes, read_values
from cwvae.analysis.room_sequence import room_sequence
from cwvae.analysis.sizes import Level, Summary, summary
from cwvae.analysis.truths import Truth, probe

__all__ = [
    "Level",
    "LevelLatents",
    "Readout",
    "Summary",
    "Truth",
    "blind",
    "clamp",
    "follow",
    "probe",
    "read_classes",
    "read_values",
    "resample",
    "reset",
    "room_sequence",
    "summary",
    "swap",
]
