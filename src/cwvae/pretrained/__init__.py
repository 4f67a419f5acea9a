"""Trained models for others: one file of weights, configuration and card, and those that ship."""

from cwvae.pretrained.card import Facts
from cwvae.pretrained.export import export_model
from cwvae.pretrained.header import Header
from cwvae.pretrained.load import Pretrained, load_pretrained, read_header
from cwvae.pretrained.measured import Measured, measured
from cwvae.pretrained.places import shipped

__all__ = [
    "Facts",
    "Header",
    "Measured",
    "Pretrained",
    "export_model",
    "load_pretrained",
    "measured",
    "read_header",
    "shipped",
]
