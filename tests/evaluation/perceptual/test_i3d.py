"""I3D pads as TensorFlow does, and takes a long video piece by piece."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from cwvae.evaluation.perceptual import i3d


@pytest.mark.parametrize("frames", [22, 25])
def test_pieces_of_a_long_video_give_what_it_gives_at_once(frames, monkeypatch):
    # One layer of each kind, and few channels: what takes the time is compiling them.
    kinds = ("Conv3d_1a_7x7", "Mixed_3b", "")
    layers = {layer.name: layer for layer in i3d._LOWER}
    monkeypatch.setattr(i3d, "_LOWER", tuple(layers[kind] for kind in kinds))
    video = np.random.default_rng(0).integers(0, 256, (1, frames, 8, 8, 1)).astype(np.uint8)
    units = narrow(i3d.load_units())
    (whole,), pieces = (i3d._pieces(units, video, chunk, 12) for chunk in (frames + 4, 8))
    assert len(pieces) >= 3
    np.testing.assert_allclose(np.concatenate(pieces, 1), whole, rtol=1e-4, atol=1e-4)


def narrow(units: i3d.Units) -> i3d.Units:
    """Random convolutions with at most 4 channels."""
    random = np.random.default_rng(0)
    shapes = {name: kernel.shape for name, (kernel, _) in units.items()}
    drawn = {
        name: (random.normal(size=(*window, min(inputs, 4), 4)), random.normal(size=4))
        for name, (*window, inputs, _) in shapes.items()
    }
    return jax.tree.map(lambda array: jnp.asarray(array / 10, jnp.float32), drawn)


@pytest.mark.parametrize("extent", [*range(1, 12), 224])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2), (2, 2), (7, 2)])
def test_padding_is_that_called_same(extent, kernel, stride):
    (expected,) = lax.padtype_to_pads((extent,), (kernel,), (stride,), "SAME")
    assert i3d._same(extent, kernel, stride) == expected


@pytest.mark.parametrize("frames", [9, 15, 16, 1000])
def test_a_piece_that_is_the_whole_is_padded_as_the_whole(frames):
    start, stop, pads = i3d._needed(0, -(-frames // 4), frames)
    extents = i3d._extents(frames)
    assert (start, stop) == (0, frames)
    assert pads == tuple(
        i3d._same(extent, layer.kernel[0], layer.stride[0])
        for extent, layer in zip(extents, i3d._LOWER, strict=True)
    )
