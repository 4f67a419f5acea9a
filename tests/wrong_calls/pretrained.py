"""Wrong calls of exporting and loading models."""

from functools import partial

from exports import settings
from models import tiny

from cwvae.pretrained import Facts, export_model, load_pretrained

MODEL = tiny()
export = partial(export_model, MODEL, "never.safetensors", settings=settings(), step=1)

CALLS = {
    "a path to load into": (
        lambda: load_pretrained("never.safetensors", into="model"),
        "into must be a CWVAE, got 'model'; make one with cwvae.build",
    ),
    "a type that is not stored": (
        lambda: export(dtype="int8"),
        "dtype must be one of float32, bfloat16, float16, got 'int8'",
    ),
    "a run in the place of its model": (
        lambda: export_model("run", "never.safetensors", settings=settings(), step=1),
        "must be given a CWVAE and its Settings, got str and Settings; use those of cwvae.load_run",
    ),
    "settings of another model": (
        lambda: export_model(tiny(stoch_size=1), "never.safetensors", settings=settings(), step=1),
        "settings must be those that the model was built with: .* give those of its run",
    ),
    "a step below 0": (lambda: export(step=-1), "step must be a whole number of at least 0"),
    "a licence in words": (
        lambda: Facts(license="free for all"),
        "must be an identifier of SPDX, such as apache-2.0 .* got 'free for all'; look it up",
    ),
    "a licence with a new line": (lambda: Facts(license="mit\nx: y"), "an identifier of SPDX"),
    "hours that never end": (
        lambda: Facts(hours=float("inf")),
        "hours must be positive and finite, or None, got inf",
    ),
    "no hours": (lambda: Facts(hours=0), "hours must be positive"),
}
