"""The configuration of VTA: a frozen dataclass of plain values."""

import dataclasses

from cwvae.training.checks import Rule, between, check, flag, number, whole

__all__ = ["SIZES", "VTAConfig"]

SIZES = (32, 64)
"""Heights, and widths, of frames in pixels."""

_RULES = {
    "size": Rule(
        "32 or 64",
        lambda value: whole(min(SIZES), max(SIZES)).holds(value) and value in SIZES,
        int,
        remedy="choose one of these and resize the video to it",
    ),
    "channels": whole(1, 1000),
    "filters": whole(1, 10_000),
    "feature_size": whole(1, 100_000),
    "belief_size": whole(1, 100_000),
    "state_size": whole(1, 100_000),
    "boundary_layers": whole(1, 100),
    "edge_frames": whole(1, 1_000_000),
    "max_segments": whole(1, 1_000_000),
    "max_segment_length": whole(1, 1_000_000),
    "temperature": number(1e-3, 1e3),
    "least_temperature": number(1e-3, 1e3),
    "temperature_decay": between(0, 1),
    "decoder_stddev": number(1e-4, 1e4),
    "requantise": flag,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class VTAConfig:
    """The sizes of VTA and the settings of its loss; the defaults are the authors'.

    Raises `ValueError` that names the first field of the wrong type or outside its range.
    """

    size: int = 32
    """Height and width of a frame in pixels: 32, or 64 with one more stage of convolutions in
    encoder and decoder."""
    channels: int = 3
    """Channels of a frame: 1 (gray) or 3 (RGB)."""
    filters: int = 128
    """Channels between the convolutions of encoder and decoder."""
    feature_size: int = 128
    """Size of the vector that a frame becomes, of the one it is decoded from, and of the layers of
    the boundary detector."""
    belief_size: int = 128
    """Size of the memory of each recurrent network."""
    state_size: int = 8
    """Size of the slow state z and of the fast state s."""
    boundary_layers: int = 3
    """Convolutions over time of the boundary detector, but for its last: it sees one frame more
    than these on either side."""
    edge_frames: int = 5
    """Frames at the beginning of a training video that are only seen, and as many at its end: the
    first are what is known, the last show the detector what comes after the frames that count."""
    max_segments: int = 5
    """Segments of a training video after which the prior expects no boundary."""
    max_segment_length: int = 8
    """Frames of a segment of a training video after which the prior expects a boundary."""
    temperature: float = 1.0
    """Temperature at the first step of the relaxed samples of boundaries."""
    least_temperature: float = 0.1
    """Temperature that it falls to."""
    temperature_decay: float = 0.999
    """Factor by which what is above the least temperature shrinks in 100 steps."""
    decoder_stddev: float = 1.0
    """Standard deviation of a pixel, in the range [-1, 1], given the decoder's mean."""
    requantise: bool = False
    """Whether frames that are shown have the 32 gray values of what was learned from, as the
    authors show them; False: the decoder's means."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a field out of its range, or a temperature that rises."""
        check(self, _RULES)
        if self.least_temperature > self.temperature:
            raise ValueError(
                f"least_temperature must be at most the temperature {self.temperature}, got "
                f"{self.least_temperature}; the temperature falls from the one to the other"
            )

    @property
    def context_multiple(self) -> int:
        """What the number of context frames is a multiple of: 1, any will do."""
        return 1

    @property
    def stages(self) -> int:
        """Convolutions with stride 2 in the encoder, and in the decoder."""
        return self.size.bit_length() - 3
