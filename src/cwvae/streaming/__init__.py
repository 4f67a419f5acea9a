"""Frame by frame: a model that follows a camera or a simulator, in constant memory.

`step(model, stream, frame, noise) -> (stream, record)`, and a `forecast` from any frame. A
stream is a pytree of arrays of fixed shapes: everything compiles once, `jax.vmap` follows many
streams (`insert` adds one to them), and `equinox.tree_serialise_leaves` saves them.

The model's clock decides how a stream goes: that of a causal model, `Clock(...,
lookahead=False)`, is the batch computation (`causal`); that of a model that looks ahead
is a filtered approximation of it (`lookahead`).
"""

from cwvae.streaming.stream import Record, Stream, forecast, imagine, insert, start, step

__all__ = ["Record", "Stream", "forecast", "imagine", "insert", "start", "step"]
