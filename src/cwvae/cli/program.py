"""`cwvae program`: a forecast, or a step of a stream, as a file that runs without this package."""

import jax.export

from cwvae.cli.checks import check_context
from cwvae.cli.folder import check_writable
from cwvae.cli.loading import load_model, with_levels
from cwvae.cli.model_options import Program
from cwvae.files import replacing
from cwvae.pretrained.load import Pretrained
from cwvae.pretrained.program import export_forecast, export_step, program_bytes
from cwvae.training.run import Run

__all__ = ["program"]


def program(options: Program) -> int:
    """Write the program, print its inputs and outputs, and return the exit status."""
    if options.file.is_dir():
        raise ValueError(f"FILE must be a file, got the folder {options.file}; name a file in it")
    check_writable(options.file.parent)
    run = load_model(options.run, step=options.step, trust=options.trust)
    exported = _forecast(run, options) if options.of == "forecast" else _step(run, options)
    content = program_bytes(exported)
    with replacing(options.file) as temporary:
        temporary.write_bytes(content)
    platforms = ", ".join(exported.platforms)
    print(f"{options.file}: {len(content) / 1e6:.1f} MB, for {platforms}; {_signature(exported)}")
    return 0


def _frame(run: Run | Pretrained) -> tuple[int, int, int]:
    """Return the shape of a frame."""
    config = run.settings.model
    return config.size, config.size, config.channels


def _forecast(run: Run | Pretrained, options: Program) -> jax.export.Exported:
    """Return the program of a forecast."""
    context = options.context or run.settings.context
    check_context(context, run.model.context_multiple)
    return export_forecast(
        run.model,
        _frame(run),
        context=context,
        horizon=options.horizon,
        batch=options.batch,
        platforms=options.platforms,
    )


def _step(run: Run | Pretrained, options: Program) -> jax.export.Exported:
    """Return the program of a step of a stream."""
    model = with_levels(run, "cwvae program --of step")
    return export_step(model, _frame(run), batch=options.batch, platforms=options.platforms)


def _signature(exported: jax.export.Exported) -> str:
    """Return the shapes that go in, and those that come out, without those of a state."""
    *_, video, _ = exported.in_avals
    state = "state, " if len(exported.in_avals) > 2 else ""
    # A state goes out as it comes in.
    given = ", ".join(str(a) for a in exported.out_avals[len(exported.in_avals) - 2 :])
    return f"call({state}{video}, seed) gives {state}{given}"
