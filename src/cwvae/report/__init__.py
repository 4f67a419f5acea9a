"""What a run looks like: animations, filmstrips and curves, written to files.

Import the rooms themselves (`cwvae.report.animation`, `.strip`, `.curves`): each brings a heavy
library along, so nothing is imported here.
"""
