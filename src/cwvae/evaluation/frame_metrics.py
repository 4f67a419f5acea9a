"""The metrics that compare a forecast with the truth frame by frame, and the protocol of each."""

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.evaluation.gaussian_ssim import most_scales, ms_ssim, ssim_gaussian
from cwvae.evaluation.metrics import psnr, ssim
from cwvae.evaluation.perceptual import lpips
from cwvae.evaluation.ratios import mass_ratio, motion_energy, sharpness
from cwvae.shapes import Frame, Video

__all__ = ["FRAME_METRICS", "FrameMetric"]

_BEST_PSNR = 100.0  # dB; frames that agree in every pixel would have an infinite one
_OFFICIAL_RANGE = 2.0  # the data range of float frames in scikit-image 0.18.1, if none is given
_AT_ONCE = 64  # frames, so that memory does not grow with the horizon

_Values = Float[Array, " frames"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FrameMetric:
    """A number for every frame of a forecast.

    **Arguments:**

    - `label`: its name in tables and pictures.
    - `protocol`: a sentence on how it is computed.
    - `better`: which values are: more, less, or those near 1. Of ratios, near 1, the median over
      frames and videos is taken, of others the mean.
    - `of`: the function of forecast and truth, both (horizon, height, width, channels).
    - `pixels`: the smallest edge of a frame.
    - `from_before`: whether it looks at the change from the frame before, so that both begin with
      the last frame of the context, and the answer has one value less.
    - `traced`: whether it can be traced by JAX.
    """

    label: str
    protocol: str
    better: Literal["more", "less", "near 1"]
    of: Callable[[Video, Video], Float[Array, " frames"]]
    pixels: int = 1
    from_before: bool = False
    traced: bool = True


def _by_frame(metric: Callable[[Frame, Frame], Array]) -> Callable[[Video, Video], _Values]:
    """Return a metric of frames as one of videos."""

    def of_video(prediction: Video, truth: Video) -> _Values:
        pairs = jnp.asarray(prediction), jnp.asarray(truth)
        return jax.lax.map(lambda pair: metric(*pair), pairs, batch_size=_AT_ONCE)

    return of_video


def _psnr(prediction: Frame, truth: Frame) -> Array:
    """Return a PSNR that is finite."""
    return jnp.minimum(psnr(prediction, truth), _BEST_PSNR)


def _ms_ssim(prediction: Frame, truth: Frame) -> Array:
    """Return MS-SSIM of as many scales as the frame has."""
    return ms_ssim(prediction, truth, scales=most_scales(*truth.shape[:2]))


def _lpips(prediction: Video, truth: Video, *, network: str) -> _Values:
    """Return LPIPS of frames, however far a model overshoots, as an array of JAX."""
    return jnp.asarray(lpips(jnp.clip(prediction, 0, 1), truth, network=network))


_RATIO = "as a share of the truth's, clipped to [0, 1], median over frames and videos"
_LPIPS_PROTOCOL = "clipped to [0, 1], scaled to [-1, 1], gray in all three channels, not resized"
FRAME_METRICS: Mapping[str, FrameMetric] = MappingProxyType(
    {
        "ssim": FrameMetric(
            label="SSIM",
            protocol="uniform 7x7 windows, data range 1, not clipped",
            better="more",
            of=_by_frame(ssim),
            pixels=7,
        ),
        "psnr": FrameMetric(
            label="PSNR (dB)",
            protocol="data range 1, not clipped, at most 100 dB a frame",
            better="more",
            of=_by_frame(_psnr),
        ),
        "ssim_official": FrameMetric(
            label="SSIM, official range 2",
            protocol="uniform 7x7 windows, data range 2 as in the official evaluation, not clipped",
            better="more",
            of=_by_frame(partial(ssim, data_range=_OFFICIAL_RANGE)),
            pixels=7,
        ),
        "ssim_gaussian": FrameMetric(
            label="SSIM, 11x11 Gaussian",
            protocol="Gaussian 11x11 windows of deviation 1.5, data range 1, not clipped",
            better="more",
            of=_by_frame(ssim_gaussian),
            pixels=11,
        ),
        "ms_ssim": FrameMetric(
            label="MS-SSIM",
            protocol="as many of the five scales as fit (2 at 32 pixels, 3 at 64), data range 1",
            better="more",
            of=_by_frame(_ms_ssim),
            pixels=11,
        ),
        "lpips": FrameMetric(
            label="LPIPS, AlexNet",
            protocol=f"version 0.1, AlexNet; {_LPIPS_PROTOCOL}",
            better="less",
            of=partial(_lpips, network="alex"),
            pixels=32,
            traced=False,
        ),
        "lpips_vgg": FrameMetric(
            label="LPIPS, VGG16",
            protocol=f"version 0.1, VGG16; {_LPIPS_PROTOCOL}",
            better="less",
            of=partial(_lpips, network="vgg"),
            pixels=32,
            traced=False,
        ),
        "sharpness": FrameMetric(
            label="sharpness",
            protocol=f"gradient energy {_RATIO}",
            better="near 1",
            of=sharpness,
            pixels=2,
        ),
        "mass": FrameMetric(
            label="mass", protocol=f"intensity {_RATIO}", better="near 1", of=mass_ratio
        ),
        "motion": FrameMetric(
            label="motion",
            protocol=f"energy of the change from the frame before {_RATIO}",
            better="near 1",
            of=motion_energy,
            from_before=True,
        ),
    }
)
"""The metrics of frames by their names."""
