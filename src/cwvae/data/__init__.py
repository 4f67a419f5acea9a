"""Where videos come from: handwritten digits, Moving MNIST, and video files."""

from cwvae.data.digits import Digits, load_digits
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.videos import check_frames, read_video, resize, to_channels

__all__ = [
    "Digits",
    "MovingMNIST",
    "check_frames",
    "load_digits",
    "read_video",
    "resize",
    "to_channels",
]
