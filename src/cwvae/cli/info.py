"""`cwvae info`: what a run or a preset is, and what its model is made of."""

from cwvae.cli.model_options import Info
from cwvae.cli.preset_sizes import kept_sizes

__all__ = ["info"]


def info(options: Info) -> int:
    """Print what a run is and the table of its model, of an exported one its card too.

    Of a preset it is what a training would begin with. What needs JAX is imported where it is
    needed, since a preset with its own sizes should come at once.
    """
    if options.run is not None:
        from cwvae.cli.run_info import run_info

        print(run_info(options.run, trust=options.trust))
    elif options.preset is not None:
        print(f"preset {options.preset}: {_configured(options.preset, options.model)}")
    return 0


def _configured(preset: str, config: object) -> str:
    """Return what a preset, or its model with other sizes, is a model of, and its table."""
    kept = kept_sizes(preset, config)
    if kept is not None:
        return kept
    from cwvae.cli.traced_sizes import traced_sizes

    return traced_sizes(config)
