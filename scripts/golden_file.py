"""A file of the official implementation's numbers, and how far ours are from them."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from cwvae.official import model_from_weights

GROUPS = {
    "encoder features": 2e-5,
    "prior": 2e-5,
    "posterior": 2e-5,
    "deterministic state": 2e-5,
    "decoded frames": 2e-5,
    "log-likelihood": 2e-5,
    "KL per level": 2e-5,
    "loss": 2e-5,
    "loss options": 2e-5,
    "loss options, gradients": 2e-4,
    "gradients": 2e-4,
    "open-loop reconstruction": 2e-5,
    "one-step prior": 2e-5,
    "forecast": 2e-5,
}
FLOAT64_BOUND = 5e-6


class Golden:
    """One file, and the largest error of each group so far."""

    def __init__(self, path: Path):
        """Read the file and build the model that it is about."""
        self.arrays = dict(np.load(path))
        meta = json.loads(bytes(self.arrays["meta_json"]).decode())
        self.config, self.context = meta["config"], meta["ctx"]
        self.levels = self.config["levels"]
        weights = {k.removeprefix("w/"): v for k, v in self.arrays.items() if k.startswith("w/")}
        self.model = model_from_weights(weights, self.config)
        self.videos = jnp.asarray(self.arrays["obs_u8"], dtype=float) / 255
        self.errors: dict[str, float] = {}
        if jnp.asarray(0.0).dtype == jnp.float64:
            self.correct_output_bias()

    def correct_output_bias(self) -> None:
        """Recompute in float64 the one gradient that the file holds too coarsely.

        The bias of the last layer gathers every pixel of the batch in one float32 sum, which in
        the files is up to 7e-6 away from what the file's own frames and decoded frames give.
        """
        name = "grad/decoder/out/bias"
        decoded = np.asarray(self.arrays["decoded"], dtype=np.float64)
        slope = (1 - decoded**2) / self.config["dec_stddev"] ** 2
        pixels = (decoded - np.asarray(self.videos)) * slope
        stored = self.arrays[name]
        batch, frames = decoded.shape[:2]
        self.arrays[name] = pixels.sum((0, 1, 2, 3)) / (batch * frames)
        gradients = [a for key, a in self.arrays.items() if key.startswith("grad/")]
        squares = [np.sum(np.asarray(a, dtype=np.float64) ** 2) for a in gradients]
        self.arrays["grad_norm"] = np.sqrt(sum(squares))
        error = np.max(np.abs(self.arrays[name] - stored)) / np.max(np.abs(stored))
        if not error <= 2e-5:  # more than rounding: the file, or our reading of it, is wrong
            self.errors["gradients"] = float(error)
        print(f"  {name}: the file's float32 sum is {error:.1e} off its own frames; recomputed")

    def noise(self, prefix: str) -> tuple[jax.Array, ...]:
        """Return each level's noise, (batch, ticks, stoch), of one of the file's state records."""
        return tuple(self.level_noise(f"{prefix}/{level}") for level in range(self.levels))

    def level_noise(self, record: str) -> jax.Array:
        """Return the recovered noise of one record; that of a mean-only cell is zero."""
        mean = self.arrays[f"{record}/mean"]
        if self.config["cell_mean_only"]:
            return jnp.zeros(mean.shape)
        eps = self.arrays.get(f"{record}/eps")
        if eps is None:
            stddev = np.asarray(self.arrays[f"{record}/stddev"], dtype=np.float64)
            eps = (self.arrays[f"{record}/sample"] - mean) / stddev
        return jnp.asarray(eps, dtype=float)

    def compare(self, group: str, name: str, ours: jax.Array) -> None:
        """Note the error of one array relative to its largest magnitude."""
        theirs = np.asarray(self.arrays[name], dtype=np.float64)
        exact = np.asarray(ours, dtype=np.float64)
        if exact.shape != theirs.shape:
            raise ValueError(f"{name} has shape {theirs.shape} in the file, ours is {exact.shape}")
        if theirs.size == 0:
            return
        error = np.max(np.abs(exact - theirs)) / (np.max(np.abs(theirs)) or 1.0)
        # A NaN must not hide behind max().
        error = float(error) if np.isfinite(error) else float("inf")
        self.errors[group] = max(self.errors.get(group, 0.0), error)

    def compare_belief(self, group: str, record: str, belief, deter: jax.Array) -> None:
        """Compare a belief, its sample and the state around it with one of the file's records."""
        sample = belief.sample(self.level_noise(record))
        self.compare(group, f"{record}/mean", belief.mean)
        self.compare(group, f"{record}/stddev", belief.stddev)
        self.compare(group, f"{record}/sample", sample)
        self.compare(group, f"{record}/output", jnp.concatenate([sample, deter], axis=-1))
        det_group = group if record.startswith("open") else "deterministic state"
        self.compare(det_group, f"{record}/det_out", deter)
        self.compare(det_group, f"{record}/det_state", deter)

    def compare_last(self, group: str, record: str, trace, states) -> None:
        """Compare the last posterior and state with one of the file's records."""
        self.compare(group, f"{record}/mean", trace.posterior.mean[:, -1])
        self.compare(group, f"{record}/stddev", trace.posterior.stddev[:, -1])
        self.compare(group, f"{record}/sample", states.stoch)
        self.compare(group, f"{record}/output", trace.output[:, -1])
        self.compare(group, f"{record}/det_out", states.deter)
        self.compare(group, f"{record}/det_state", states.deter)
