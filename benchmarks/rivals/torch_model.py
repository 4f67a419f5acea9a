"""Clockwork VAEs as one writes them in PyTorch: the official model, module by module.

Batches of videos are (batch, frames, height, width, channels), in [0, 1]. Networks of frames see
all frames at once, in channels-last layout; what a level reads of the encoder is multiplied for
all ticks before its loop. Noise is an argument, one array (batch, ticks, stoch) a level, so that
two implementations can be given the same.
"""

# PyTorch is not among what types are checked with.
# pyright: reportMissingImports=false

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu, softplus
from torch_networks import Decoder, Encoder, Sizes

__all__ = ["ClockworkVAE", "Track"]

STDDEV_SHIFT = 0.54
"""What the official head adds to the input of the layer that standard deviations come from."""


@dataclass
class Track:
    """One level over its ticks: means and standard deviations of both beliefs, and its outputs."""

    prior: tuple[Tensor, Tensor]
    posterior: tuple[Tensor, Tensor]
    output: Tensor
    last: tuple[Tensor, Tensor]  # stoch and deter


class Head(nn.Module):
    """A linear mean and a softplus standard deviation."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.mean = nn.Linear(sizes.hidden, sizes.stoch)
        self.stddev = nn.Linear(sizes.hidden, sizes.stoch)
        self.least = sizes.min_stddev

    def forward(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation."""
        return self.mean(hidden), softplus(self.stddev(hidden + STDDEV_SHIFT)) + self.least


class Level(nn.Module):
    """One level's cell and its loop over ticks."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        above = sizes.stoch + sizes.deter
        self.stoch_in = nn.Linear(sizes.stoch, sizes.hidden, bias=False)
        self.context_in = nn.Linear(above, sizes.hidden)
        self.memory = nn.GRUCell(sizes.hidden, sizes.deter)
        self.prior_hidden = nn.Linear(sizes.deter, sizes.hidden)
        self.prior_head = Head(sizes)
        self.deter_in = nn.Linear(sizes.deter, sizes.hidden, bias=False)
        self.feature_in = nn.Linear(sizes.feature, sizes.hidden)
        self.posterior_hidden = nn.Linear(sizes.hidden, sizes.hidden)
        self.posterior_head = Head(sizes)
        self.sizes = sizes

    def start(self, batch: int) -> tuple[Tensor, Tensor]:
        """Return the state before the first tick."""
        weight = self.context_in.weight
        return weight.new_zeros(batch, self.sizes.stoch), weight.new_zeros(batch, self.sizes.deter)

    def observe(self, features: Tensor, above: Tensor, noise: Tensor) -> Track:
        """Infer the states of all ticks from features, both beliefs at every tick."""
        evidence, contexts = self.feature_in(features), self.context_in(above)
        stoch, deter = self.start(len(features))
        ticks = []
        for context, seen, draw in zip(*_by_tick(contexts, evidence, noise), strict=True):
            stoch, deter, mean, stddev = self.infer(stoch, deter, context, seen, draw)
            ticks.append((stoch, deter, mean, stddev))
        stochs, deters, *posterior = (torch.stack(parts, 1) for parts in zip(*ticks, strict=True))
        # The prior does not recur where a posterior is sampled: all ticks at once.
        prior = self.prior_head(relu(self.prior_hidden(deters)))
        return Track(prior, tuple(posterior), torch.cat([stochs, deters], -1), (stoch, deter))

    def imagine(self, state: tuple[Tensor, Tensor], above: Tensor, noise: Tensor) -> Track:
        """Predict as many ticks as there is noise."""
        stoch, deter = state
        ticks = []
        for context, draw in zip(*_by_tick(self.context_in(above), noise), strict=True):
            stoch, deter, mean, stddev = self.predict(stoch, deter, context, draw)
            ticks.append((stoch, deter, mean, stddev))
        stochs, deters, *belief = (torch.stack(parts, 1) for parts in zip(*ticks, strict=True))
        output = torch.cat([stochs, deters], -1)
        return Track(tuple(belief), tuple(belief), output, (stoch, deter))

    def infer(self, stoch: Tensor, deter: Tensor, context: Tensor, seen: Tensor, draw: Tensor):
        """Take one tick with evidence: stoch, deter, and the posterior."""
        deter = self.memory(relu(self.stoch_in(stoch) + context), deter)
        hidden = relu(self.deter_in(deter) + seen)
        mean, stddev = self.posterior_head(relu(self.posterior_hidden(hidden)))
        return mean + stddev * draw, deter, mean, stddev

    def predict(self, stoch: Tensor, deter: Tensor, context: Tensor, draw: Tensor):
        """Take one tick without evidence: stoch, deter, and the prior."""
        deter = self.memory(relu(self.stoch_in(stoch) + context), deter)
        mean, stddev = self.prior_head(relu(self.prior_hidden(deter)))
        return mean + stddev * draw, deter, mean, stddev


def _by_tick(*arrays: Tensor) -> list[tuple[Tensor, ...]]:
    """Return the ticks of every array, which unbinding gives faster than indexing does."""
    return [array.unbind(1) for array in arrays]


class ClockworkVAE(nn.Module):
    """The whole model, the fastest level first."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.sizes = sizes
        self.encoder, self.decoder = Encoder(sizes), Decoder(sizes)
        self.levels = nn.ModuleList(Level(sizes) for _ in range(sizes.levels))

    def noise(self, batch: int, frames: int) -> list[Tensor]:
        """Draw the noise of as many videos, for every tick of every level."""
        like = self.levels[0].context_in.weight
        ticks = [-(-frames // self.sizes.factor**level) for level in range(self.sizes.levels)]
        return [torch.randn(batch, n, self.sizes.stoch, device=like.device) for n in ticks]

    def windows(self, videos: Tensor) -> list[Tensor]:
        """Return each level's features, summed over the frames of every tick's window."""
        found = []
        for level, features in enumerate(self.encoder(videos)):
            period = self.sizes.factor**level
            padded = pad(features, (0, 0, 0, -features.shape[1] % period))
            found.append(padded.unflatten(1, (-1, period)).sum(2))
        return found

    def observe(self, videos: Tensor, noise: list[Tensor]) -> list[Track]:
        """Infer the states of all levels."""
        features = self.windows(videos)
        return self._descend(
            lambda n, above: self.levels[n].observe(features[n], above, noise[n]), noise
        )

    def imagine(self, states: list[tuple[Tensor, Tensor]], noise: list[Tensor]) -> list[Track]:
        """Predict all levels from states after a multiple of the slowest period."""
        return self._descend(
            lambda n, above: self.levels[n].imagine(states[n], above, noise[n]), noise
        )

    def _descend(self, run: Callable[[int, Tensor], Track], noise: list[Tensor]) -> list[Track]:
        """Run the slowest level first, its outputs held as the context of the one below."""
        ticks = [array.shape[1] for array in noise]
        above = noise[-1].new_zeros(*noise[-1].shape[:2], self.sizes.stoch + self.sizes.deter)
        tracks: list[Track] = []
        for level in reversed(range(self.sizes.levels)):
            tracks.insert(0, run(level, above))
            if level:
                held = tracks[0].output.repeat_interleave(self.sizes.factor, 1)
                above = held[:, : ticks[level - 1]]
        return tracks

    def forecast(self, contexts: Tensor, seen: list[Tensor], noise: list[Tensor]) -> Tensor:
        """Return the frames that follow contexts, with the noise of context and forecast."""
        tracks = self.imagine([track.last for track in self.observe(contexts, seen)], noise)
        return self.decoder(tracks[0].output)

    def terms(self, videos: Tensor, noise: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return minus log-likelihoods, (batch, frames), and each level's KL, (batch, ticks)."""
        tracks = self.observe(videos, noise)
        error = (videos - self.decoder(tracks[0].output)) / self.sizes.decoder_stddev
        pixels = videos[0, 0].numel()
        constant = pixels * (math.log(self.sizes.decoder_stddev) + 0.5 * math.log(2 * math.pi))
        nll = 0.5 * error.square().flatten(2).sum(2) + constant
        return nll, [_kl(*track.posterior, *track.prior) for track in tracks]

    def loss(self, videos: Tensor, noise: list[Tensor]) -> Tensor:
        """Return the loss: minus the bound of a video divided by its frames, batch mean."""
        nll, kl = self.terms(videos, noise)
        total = nll.sum(1) + sum(nats.sum(1) for nats in kl)
        return total.mean() / videos.shape[1]


def _kl(mean: Tensor, stddev: Tensor, prior_mean: Tensor, prior_stddev: Tensor) -> Tensor:
    """Return KL(posterior || prior) of diagonal Gaussians."""
    ratio = stddev / prior_stddev
    distance = (mean - prior_mean) / prior_stddev
    return (0.5 * (ratio.square() + distance.square() - 1) - ratio.log()).sum(-1)
