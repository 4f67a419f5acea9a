"""`cwvae push`: the model of a run in a repository of a model hub."""

import tempfile
from pathlib import Path

from cwvae.cli.export import described, shared_run
from cwvae.cli.model_options import Push
from cwvae.pretrained.export import export_model
from cwvae.pretrained.hub import check_pushable, upload
from cwvae.repository import parse_repository

__all__ = ["push"]


def push(options: Push) -> int:
    """Upload, print the address and how the model is loaded, and return the exit status."""
    repository = parse_repository(options.repository)
    check_pushable(repository)
    run, facts = shared_run(options)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        header = export_model(
            run.model,
            folder,
            settings=run.settings,
            step=run.step,
            dtype=options.dtype,
            facts=facts,
            name=str(repository),
        )
        line = described(folder, header)
        message = f"Step {header.step:,}: {header.headline}"
        address = upload(folder, repository, private=options.private, message=message)
    print(f"{address}: {line}")
    print(f'cwvae info {repository}, or cwvae.load_pretrained("{repository}") in Python')
    return 0
