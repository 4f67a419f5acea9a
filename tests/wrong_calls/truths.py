"""Wrong calls of Truth and probe."""

import numpy as np

from cwvae.analysis import LevelLatents, Truth, probe

CLASSES, VALUES = np.arange(12) % 2, np.zeros((12, 1, 2))
NOTHING = np.zeros((12, 3))
LATENTS = [LevelLatents(np.tile(np.arange(3), (12, 1)), *[NOTHING[..., None]] * 3, NOTHING)]
KIND = Truth("kind", "classes", "", CLASSES)

CALLS = {
    "a truth of another kind": (
        lambda: Truth("kind", "words", "", CLASSES),  # type: ignore[arg-type]
        "kind",
    ),
    "classes that are no whole numbers": (
        lambda: Truth("kind", "classes", "", CLASSES.astype(float)),
        "kind must be integers with 1 axes, got float64 with 1; classes are",
    ),
    "values without an axis of things": (
        lambda: Truth("place", "values", "m", VALUES[:, 0]),
        "place must be floats with 3 axes, got float64 with 2; .*values",
    ),
    "values that are not finite": (
        lambda: Truth("place", "values", "m", VALUES + np.nan),
        "place must be finite, got NaN or infinity; leave it out",
    ),
    "frames that do not ascend": (
        lambda: Truth("kind", "classes", "", np.zeros((12, 2), int), (1, 0)),
        r"frames of kind must be 2 ascending numbers .* got \(1, 0\); number them",
    ),
    "fewer frames than there are": (
        lambda: Truth("kind", "classes", "", np.zeros((12, 2), int), (1,)),
        r"frames of kind must be 2 ascending numbers .* got \(1,\); number them",
    ),
    "two truths of one name": (
        lambda: probe(LATENTS, [KIND, KIND], [0]),
        r"truths must have names of their own, got \['kind', 'kind'\]; rename them",
    ),
    "a truth about other videos": (
        lambda: probe(LATENTS, [Truth("kind", "classes", "", CLASSES[:11])], [0]),
        "kind must be about the 12 videos of the latents, got 11; give a row a video",
    ),
    "a frame that was not followed": (
        lambda: probe(LATENTS, [KIND], [0, 3]),
        "frames must be at most 2, the last of the latents, got 3; follow more",
    ),
    "a frame before the first": (lambda: probe(LATENTS, [KIND], [-1]), "frame must be a whole"),
    "no latents": (lambda: probe([], [KIND], [0]), "latents must be those of at least one level"),
    "groups of fewer videos": (
        lambda: probe(LATENTS, [KIND], [0], groups=np.arange(11)),
        "groups",
    ),
}
