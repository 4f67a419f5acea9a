"""The presets: those of the official code and the paper, the paper's rivals, and small ones."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from cwvae.baselines.svg.config import SVGConfig
from cwvae.baselines.vta.config import VTAConfig
from cwvae.training.config import DataConfig, ModelConfig, TrainConfig
from cwvae.training.preset import Preset

__all__ = ["PRESETS"]

# The recipe of `pocket`: what each part is for stands in docs/remembering.md, what it is worth in
# its table.
_POCKET_MODEL = ModelConfig(
    static_window=12,
    coarse_evidence=4,
    pass_context=True,
    stoch_size=(3, 3, 32),
    deter_size=(48, 32, 64),
    hidden_size=128,
    size=32,
    channel_multiplier=0.5,
    dense_layers=2,
    dense_hidden=256,
    decoder_stddev=0.12,
)
_POCKET_TRAIN = TrainConfig(
    steps=42_000,
    batch_size=16,
    frames=48,
    learning_rate=2e-3,
    warmup=200,
    decay=0.65,
    epsilon=1e-6,
    clip_norm=100.0,
    beta=(6.0, 3.0, 0.2),
)
# Adam as the authors of SVG-LP and of VTA have it, PyTorch's.
_SVG_TRAIN = TrainConfig(learning_rate=2e-3, epsilon=1e-8, clip_norm=1e9, beta=1e-4)
_VTA_TRAIN = TrainConfig(learning_rate=5e-4, epsilon=1e-8, clip_norm=10.0, amsgrad=True)
_ONE_DIGIT = DataConfig(num_digits=1)

# The first three are configs/{mmnist,mazes,minerl}.yml of the official code; `kth` has the sizes
# that the paper gives (table in its appendix) and a stddev inside the range it was tuned in.
# Epochs are counted in steps of batch 50 of this package's on-the-fly data where there is no
# fixed number of videos.
PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "moving_mnist": Preset(
            model=ModelConfig(decoder_stddev=1.0),
            train=TrainConfig(),
        ),
        "mazes": Preset(
            model=ModelConfig(channels=3, decoder_stddev=0.1),
            train=TrainConfig(),
            horizon=264,
        ),
        "minerl": Preset(
            model=ModelConfig(
                stoch_size=100, deter_size=800, hidden_size=800, channels=3, decoder_stddev=0.4
            ),
            train=TrainConfig(learning_rate=1e-4),
            horizon=464,
        ),
        "kth": Preset(
            model=ModelConfig(decoder_stddev=0.4),
            train=TrainConfig(),
            horizon=100,
        ),
        # The paper's rivals. RSSM is one level, NoTmpAbs three that all tick every frame; others
        # have the sizes of their authors' code, and training videos of 100 frames as in the paper.
        "rssm": Preset(model=ModelConfig(levels=1), train=TrainConfig()),
        "no_tmp_abs": Preset(model=ModelConfig(factors=1), train=TrainConfig()),
        "svg_lp": Preset(model=SVGConfig(), train=_SVG_TRAIN),
        "svg_lp_vgg": Preset(
            model=SVGConfig(network="vgg", stoch_size=24, bounds_beta=1e-6),
            train=dataclasses.replace(_SVG_TRAIN, learning_rate=8e-4, beta=1e-6),
        ),
        "vta": Preset(
            model=VTAConfig(size=64, channels=1, max_segments=22),
            train=_VTA_TRAIN,
        ),
        # Learns to remember one moving digit for 1000 frames, in an hour or two on a CPU core.
        "pocket": Preset(model=_POCKET_MODEL, train=_POCKET_TRAIN, data=_ONE_DIGIT),
        # The paper's rivals at its size: the core's with what of its recipe does not need a slow
        # level, the others with their authors' options.
        "pocket_rssm": Preset(
            model=dataclasses.replace(
                _POCKET_MODEL,
                levels=1,
                static_window=None,
                coarse_evidence=1,
                pass_context=False,
                stoch_size=38,
                deter_size=144,
            ),
            train=dataclasses.replace(_POCKET_TRAIN, beta=1.0),
            data=_ONE_DIGIT,
        ),
        "pocket_no_tmp_abs": Preset(
            model=dataclasses.replace(_POCKET_MODEL, factors=1, static_window=None),
            train=_POCKET_TRAIN,
            data=_ONE_DIGIT,
        ),
        "pocket_svg_lp": Preset(
            model=SVGConfig(size=32, filters=16, feature_size=64, memory_size=128),
            train=dataclasses.replace(_POCKET_TRAIN, beta=1e-4, epsilon=1e-8, clip_norm=1e9),
            data=_ONE_DIGIT,
        ),
        "pocket_vta": Preset(
            model=VTAConfig(size=32, channels=1, filters=32, max_segments=10, decoder_stddev=0.24),
            train=dataclasses.replace(
                _POCKET_TRAIN, beta=1.0, epsilon=1e-8, clip_norm=10.0, amsgrad=True
            ),
            data=_ONE_DIGIT,
        ),
        # Small enough to learn one moving digit in minutes on two CPU cores.
        "demo": Preset(
            model=ModelConfig(
                levels=2,
                factors=4,
                stoch_size=8,
                deter_size=128,
                hidden_size=128,
                size=32,
                channel_multiplier=0.25,
                dense_layers=2,
                dense_hidden=128,
                decoder_stddev=0.3,
            ),
            train=TrainConfig(
                steps=1500,
                batch_size=16,
                frames=32,
                learning_rate=3e-3,
                decay=0.7,
                epsilon=1e-6,
                clip_norm=1000.0,
                kl_balance=0.2,
            ),
            data=_ONE_DIGIT,
        ),
        "debug": Preset(
            model=ModelConfig(
                factors=2,
                stoch_size=4,
                deter_size=8,
                hidden_size=8,
                size=32,
                channel_multiplier=1 / 8,
                dense_layers=2,
                dense_hidden=8,
            ),
            train=TrainConfig(steps=10, batch_size=2, frames=8),
            context=4,
            horizon=8,
        ),
        "debug_svg_lp": Preset(
            model=SVGConfig(
                size=32, filters=2, feature_size=4, stoch_size=2, memory_size=8, known_frames=4
            ),
            train=dataclasses.replace(_SVG_TRAIN, steps=10, batch_size=2, frames=8),
            context=4,
            horizon=8,
        ),
        "debug_vta": Preset(
            model=VTAConfig(
                channels=1,
                filters=4,
                feature_size=4,
                belief_size=8,
                state_size=2,
                edge_frames=2,
            ),
            train=dataclasses.replace(_VTA_TRAIN, steps=10, batch_size=2, frames=8),
            context=4,
            horizon=8,
        ),
    }
)
