"""The presets: those of the official code and the paper, and three small ones."""

from collections.abc import Mapping
from types import MappingProxyType

from cwvae.training.config import DataConfig, ModelConfig, Preset, TrainConfig

__all__ = ["PRESETS"]

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
        # Learns to remember one moving digit for 1000 frames, in an hour or two on a CPU core; what
        # each part is for stands in docs/remembering.md, what it is worth in its table.
        "pocket": Preset(
            model=ModelConfig(
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
            ),
            train=TrainConfig(
                steps=42_000,
                batch_size=16,
                frames=48,
                learning_rate=2e-3,
                warmup=200,
                decay=0.65,
                epsilon=1e-6,
                clip_norm=100.0,
                beta=(6.0, 3.0, 0.2),
                kl_balance=0.2,
                hide=0.15,
                average=0.999,
            ),
            data=DataConfig(num_digits=1),
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
            data=DataConfig(num_digits=1),
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
    }
)
