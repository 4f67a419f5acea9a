"""Families of distributions of a frame given the decoder's output for the lowest level.

A decoder returns `parameters` numbers for every number of a frame: its last axis is that many
times as long as the frame's.
"""

from cwvae.likelihoods.base import AbstractLikelihood
from cwvae.likelihoods.calibrated import CalibratedNormal
from cwvae.likelihoods.normal import FixedNormal, LearnedNormal
from cwvae.likelihoods.pixels import Bernoulli, DiscretisedLogistic

__all__ = [
    "AbstractLikelihood",
    "Bernoulli",
    "CalibratedNormal",
    "DiscretisedLogistic",
    "FixedNormal",
    "LearnedNormal",
]
