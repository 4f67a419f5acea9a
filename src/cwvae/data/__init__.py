"""Where videos come from: handwritten digits, Moving MNIST, the paper's data sets, any video file.

Each data set is a module with a function `files(root, split)`: `gqn_mazes`, `kth`,
`minerl_navigate`, `moving_mnist`, `video_folder`. `cwvae.data.pipeline` makes batches.
"""

from cwvae.data.cache import Cache
from cwvae.data.clips import Clips, Recording
from cwvae.data.digits import Digits, load_digits
from cwvae.data.kept import CacheError
from cwvae.data.listing import VideoFile
from cwvae.data.lossless import write_lossless
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.opening import BadFileWarning, open_clips
from cwvae.data.pixels import resize, to_channels
from cwvae.data.read_options import ReadOptions
from cwvae.data.timing import UnevenFramesWarning
from cwvae.data.videos import check_frames, read_video

__all__ = [
    "BadFileWarning",
    "Cache",
    "CacheError",
    "Clips",
    "Digits",
    "MovingMNIST",
    "ReadOptions",
    "Recording",
    "UnevenFramesWarning",
    "VideoFile",
    "check_frames",
    "load_digits",
    "open_clips",
    "read_video",
    "resize",
    "to_channels",
    "write_lossless",
]
