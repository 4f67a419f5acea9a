"""Trained models for others: one file of weights, configuration and card, and those that ship."""

from cwvae.pretrained.card import Facts
from cwvae.pretrained.export import export_model
from cwvae.pretrained.header import Header
from cwvae.pretrained.load import Pretrained, load_pretrained, read_header
from cwvae.pretrained.measured import Measured, measured
from cwvae.pretrained.places import shipped
from cwvae.pretrained.program import export_forecast, export_step, program_bytes

__all__ = [
    "Facts",
    "Header",
    "Measured",
    "Pretrained",
    "export_forecast",
    "export_model",
    "export_step",
    "load_pretrained",
    "measured",
    "program_bytes",
    "read_header",
    "shipped",
]
