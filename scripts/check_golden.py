"""Compare this package with numbers that the official implementation gave for fixed weights.

    python scripts/check_golden.py FILE.npz [FILE.npz ...]

prints for every group of quantities the largest error relative to the array's largest magnitude,
and exits with 1 if one is over its bound: in float32 2e-5 forward and 2e-4 for gradients, in
float64 (JAX_ENABLE_X64=1) 5e-6 throughout. The format of the files: tests/golden/README.md.
"""

import argparse
import json
import re
import sys
from functools import partial
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from cwvae.objective import elbo, loss
from cwvae.official import model_from_weights, weights_from_model
from cwvae.rollout import imagine, observe, predict_one_step, reconstruct

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
BETA_LIST = (0.5, 2.0, 1.5)  # of the files' "betalist", the fastest level first


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
        if jax.config.jax_enable_x64:
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
        ours = np.asarray(ours, dtype=np.float64)
        if ours.shape != theirs.shape:
            raise ValueError(f"{name} has shape {theirs.shape} in the file, ours is {ours.shape}")
        if theirs.size == 0:
            return
        error = np.max(np.abs(ours - theirs)) / (np.max(np.abs(theirs)) or 1.0)
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


@eqx.filter_jit
def run(function, model, *batches):
    """Call function(model, ...) for every row of the batches."""
    return jax.vmap(lambda *rows: function(model, *rows))(*batches)


def infer(model, video, noise):
    """Return features, last states and records of one video."""
    features, conditioning = model.features(video), model.hierarchy.conditioning(video.shape[0])
    return features, *model.hierarchy.observe(model.hierarchy.init(), features, noise, conditioning)


def decode(model, outputs):
    """Return the decoder's parameters of the frames given the lowest level's outputs."""
    return model.decode(outputs)


def imagine_frames(model, states, noise):
    """Return last states and frames."""
    return imagine(model, states, noise, model.hierarchy.conditioning(noise[0].shape[0]))


def imagine_latents(model, states, noise):
    """Return last states and records, without decoding."""
    return model.hierarchy.imagine(states, noise, model.hierarchy.conditioning(noise[0].shape[0]))


def check_closed_loop(golden: Golden) -> None:
    """Compare inference, decoding, the bound and its gradients."""
    model, videos, noise = golden.model, golden.videos, golden.noise("closed/posterior")
    features, states, traces = run(infer, model, videos, noise)
    for level, trace in enumerate(traces):
        golden.compare("encoder features", f"enc/{level}", features[level])
        deter = trace.states.deter
        golden.compare_belief("prior", f"closed/prior/{level}", trace.prior, deter)
        golden.compare_belief("posterior", f"closed/posterior/{level}", trace.posterior, deter)
        golden.compare_last("posterior", f"closed/last_state/{level}", trace, states[level])
    golden.compare("decoded frames", "decoded", run(decode, model, traces[0].output))

    bound = run(elbo, model, videos, noise)
    golden.compare("log-likelihood", "nll_per_step", -bound.log_likelihood)
    for level, nats in enumerate(bound.kl):
        golden.compare("KL per level", f"kl_per_step/{level}", nats)


def check_loss(golden: Golden) -> None:
    """Compare the loss and its gradients."""
    noise = golden.noise("closed/posterior")

    @eqx.filter_jit
    @partial(eqx.filter_value_and_grad, has_aux=True)
    def objective(model, videos, noise):
        parts = loss(model, videos, noise)
        return parts.total, parts

    (_, parts), gradients = objective(golden.model, golden.videos, noise)
    golden.compare("loss", "loss", parts.total)
    golden.compare("loss", "nll_term", parts.nll)
    golden.compare("loss", "kl_term", parts.penalty)
    named = weights_from_model(gradients)
    for name, gradient in named.items():
        golden.compare("gradients", f"grad/{name}", gradient)
    norm = jnp.sqrt(sum(jnp.sum(gradient**2) for gradient in named.values()))
    golden.compare("gradients", "grad_norm", norm)


def loss_options(golden: Golden) -> dict[str, dict]:
    """Return the arguments of `loss` for each of the file's options but the faulty one.

    Options are named as in "free_nats3_beta0.5"; "klgrad" is the one with the official fault.
    """
    names = {name.split("/")[1] for name in golden.arrays if name.startswith("opt/")}
    options: dict[str, dict] = {}
    for name in sorted(name for name in names if not name.startswith("klgrad")):
        numbers = re.findall(r"(beta|free_nats)([\d.]+)", name)
        options[name] = {option: float(value) for option, value in numbers}
        if name == "betalist":
            options[name] = {"beta": BETA_LIST[: golden.levels]}
    if "betalist" in options and golden.levels > len(BETA_LIST):
        print(f"  betalist left out: its weights are known for {len(BETA_LIST)} levels only")
        del options["betalist"]
    return options


def check_options(golden: Golden) -> None:
    """Compare what the loss options make of the loss, and its gradients where the file has them."""
    options, beliefs = loss_options(golden), ("posterior", "prior")
    if not options:
        return

    def biases(model):
        cell = model.hierarchy.cells[0]
        return [getattr(cell, f"{belief}_head").mean.bias for belief in beliefs]

    @eqx.filter_jit
    def terms(model, videos, noise):
        """Return nll and penalty of every option, and the gradients of loss and penalty."""

        def of_biases(values):
            moved = eqx.tree_at(biases, model, values)
            parts = [loss(moved, videos, noise, **option) for option in options.values()]
            of_loss = jnp.stack([part.total for part in parts])
            of_kl = jnp.stack([part.penalty for part in parts])
            return {"loss": of_loss, "kl": of_kl}, parts

        return jax.jacrev(of_biases, has_aux=True)(biases(model))

    gradients, parts = terms(golden.model, golden.videos, golden.noise("closed/posterior"))
    for index, (name, part) in enumerate(zip(options, parts, strict=True)):
        golden.compare("loss options", f"opt/{name}/loss", part.total)
        golden.compare("loss options", f"opt/{name}/nll_term", part.nll)
        golden.compare("loss options", f"opt/{name}/kl_term", part.penalty)
        for term in ("loss", "kl"):
            for belief, gradient in zip(beliefs, gradients[term], strict=True):
                array = f"opt/{name}/grad_{term}/{belief}_mean_bias0"
                golden.compare("loss options, gradients", array, gradient[index])


def check_open_loop(golden: Golden) -> None:
    """Compare context and prediction, with the levels blind that are so in the file."""
    sees = golden.config["use_obs"]
    sees = [sees] * golden.levels if isinstance(sees, bool) else sees
    model = golden.model.blinded([level for level, seen in enumerate(sees) if not seen])
    context, noise = golden.videos[:, : golden.context], golden.noise("open/pre_posterior")
    recon, onestep = "open-loop reconstruction", "one-step prior"

    _, states, traces = run(infer, model, context, noise)
    for level, trace in enumerate(traces):
        deter = trace.states.deter
        golden.compare_belief(recon, f"open/pre_posterior/{level}", trace.posterior, deter)
        golden.compare_belief(onestep, f"open/pre_prior/{level}", trace.prior, deter)
        record = f"open/pre_last_state/{level}"
        golden.compare_last(recon, record, trace, states[level])
    frames = run(reconstruct, model, context, noise)
    golden.compare(recon, "open/decoded/posterior_recon", frames)
    prior_noise = golden.level_noise("open/pre_prior/0")
    frames = run(predict_one_step, model, context, noise, prior_noise)
    golden.compare(onestep, "open/decoded/prior_onestep", frames)

    states = run(observe, model, context, noise)
    future = golden.noise("open/post_prior")
    _, frames = run(imagine_frames, model, states, future)
    golden.compare("forecast", "open/decoded/prior_multistep", frames)
    _, traces = run(imagine_latents, model, states, future)
    for level, trace in enumerate(traces):
        record = f"open/post_prior/{level}"
        golden.compare_belief("forecast", record, trace.prior, trace.states.deter)


def check(path: Path) -> dict[str, float]:
    """Return the largest relative error of every group of one file."""
    golden = Golden(path)
    # On an accelerator the default precision of a product would be far below float32.
    with jax.default_matmul_precision("highest"):
        check_closed_loop(golden)
        check_loss(golden)
        check_options(golden)
        check_open_loop(golden)
    return golden.errors


def main() -> int:
    """Check the files of the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.npz")
    float64 = jax.config.jax_enable_x64
    failed = False
    for path in parser.parse_args().files:
        print(f"{path} ({'float64' if float64 else 'float32'})")
        errors = check(path)
        for group, float32_bound in GROUPS.items():
            if group not in errors:
                print(f"  {group:26} not in the file")
                continue
            bound = FLOAT64_BOUND if float64 else float32_bound
            failed |= errors[group] > bound
            verdict = "ok" if errors[group] <= bound else "TOO LARGE"
            print(f"  {group:26} {errors[group]:.1e}  (bound {bound:.0e})  {verdict}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
