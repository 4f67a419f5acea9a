"""Models in repositories of the Hugging Face Hub, or of a server with its protocol.

`HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and `HF_HUB_OFFLINE` are those of its client, which keeps what
was fetched in its own cache. Three files are fetched, weights, configuration and card; nothing of a
repository is executed.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cwvae._extras import extra
from cwvae.files import read_json
from cwvae.pretrained.header import parse_config
from cwvae.pretrained.places import CARD, CONFIG, WEIGHTS
from cwvae.repository import Repository

with extra("hub"):
    import huggingface_hub as hf
    from huggingface_hub import constants, errors

__all__ = ["check_pushable", "fetch", "upload"]

# What every repository may have besides a model.
_BESIDES = {".gitattributes", CARD}
_LOGIN = "hf auth login, or set HF_TOKEN"


def fetch(repository: Repository) -> Path:
    """Return the folder with a repository's model, fetched unless it lies in the cache.

    All of it is of one commit. What the configuration states is checked before the weights are
    fetched.

    Raises `FileNotFoundError` for a repository or revision that is not there or may not be read,
    `ValueError` for one that holds no model or that of a later version, `ConnectionError` where the
    hub cannot be reached and the cache has not all of it; each names the remedy.
    """
    with _explained(repository):
        config = _file(repository, CONFIG, repository.revision)
    try:
        parse_config(read_json(config))
    except ValueError as error:
        raise ValueError(f"{repository}: {error}") from error
    # The cache has a folder for every commit, named as it is.
    commit = config.parent.name
    with _explained(repository):
        _file(repository, WEIGHTS, commit)
    # A repository without a card is a model all the same.
    with contextlib.suppress(errors.EntryNotFoundError), _explained(repository, but=CARD):
        _file(repository, CARD, commit)
    return config.parent


def check_pushable(repository: Repository) -> None:
    """Raise `ValueError` where nothing can be uploaded to a repository: no token, or other files.

    Raises as `fetch` does where the hub cannot be reached.
    """
    if hf.get_token() is None:
        raise ValueError(f"{repository}: a token with the right to write is needed; {_LOGIN}")
    try:
        with _explained(repository):
            found = set(hf.list_repo_files(repository.name, revision=repository.revision))
    except FileNotFoundError:  # It is new, or its revision is.
        return
    if found - _BESIDES and not {WEIGHTS, CONFIG} <= found:
        others = ", ".join(sorted(found - _BESIDES)[:3])
        raise ValueError(f"{repository} holds other files ({others}); push to a new repository")


def upload(folder: Path, repository: Repository, *, private: bool, message: str) -> str:
    """Upload the three files of a folder, in one commit, and return its address.

    A repository that is not there is made, and a branch that is not there; `private` is that of a
    new one. Raises `ValueError` where the token may not write, and as `fetch` does.
    """
    name, revision = repository
    with _explained(repository):
        hf.create_repo(name, private=private, exist_ok=True)
        if revision is not None:
            hf.create_branch(name, branch=revision, exist_ok=True)
        done = hf.upload_folder(
            repo_id=name,
            folder_path=folder,
            revision=revision,
            commit_message=message,
            allow_patterns=[WEIGHTS, CONFIG, CARD],
        )
    return str(done.commit_url)


def _file(repository: Repository, name: str, revision: str | None) -> Path:
    """Return where one file of a repository lies, fetched unless it is there."""
    return Path(hf.hf_hub_download(repository.name, name, revision=revision))


@contextlib.contextmanager
def _explained(repository: Repository, but: str | None = None) -> Iterator[None]:
    """Raise what goes wrong with a repository in one line; a missing file `but` as it is."""
    try:
        yield
    except errors.LocalEntryNotFoundError as error:
        if but is not None:
            raise
        raise _unreachable(repository, error) from error
    except errors.EntryNotFoundError as error:
        if but is not None:
            raise
        raise ValueError(
            f"{repository} holds no model of cwvae push: {WEIGHTS} or {CONFIG} is missing; "
            f"look at {_page(repository)}"
        ) from error
    except errors.GatedRepoError as error:
        raise FileNotFoundError(
            f"{repository} is for those who have accepted its terms; accept them at "
            f"{_page(repository)}, then {_LOGIN}"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise FileNotFoundError(
            f"{repository}: no such revision; {_page(repository)} lists branches, tags and commits"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise FileNotFoundError(_no_repository(repository)) from error
    # The last is raised, by what the client makes requests with, where no answer comes.
    except (
        errors.OfflineModeIsEnabled,
        errors.HTTPError,  # pyright: ignore[reportPrivateImportUsage]
    ) as error:
        raise _failed(repository, error) from error


def _failed(repository: Repository, error: Any) -> OSError | ValueError:
    """Return the error for a request that the hub has answered otherwise, or not at all."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if status is None:
        return _unreachable(repository, error)
    if status in (401, 403):
        return ValueError(
            f"{repository}: the token may not do this ({status}); give one with the right: {_LOGIN}"
        )
    answer = f"{repository}: {constants.ENDPOINT} answered {status}"
    if status < 500:
        reason = " ".join(str(getattr(error, "server_message", None) or error).split())
        return ValueError(f"{answer} ({reason}); put that right")
    return ConnectionError(f"{answer}; try again later")


def _no_repository(repository: Repository) -> str:
    """Return what to do about a repository that is not there, or not for everybody."""
    place = f"{repository}: no such path, and no repository of this name on {constants.ENDPOINT}"
    if hf.get_token() is None:
        return f"{place} is for everybody; check the name, or, for a private one, {_LOGIN}"
    return f"{place} that the token may read; check the name, and whose token it is"


def _unreachable(repository: Repository, error: Exception) -> ConnectionError:
    """Return the error for what is not in the cache while the hub cannot be asked."""
    if constants.HF_HUB_OFFLINE:
        return ConnectionError(
            f"{repository} is not, or not all of it, in the cache {constants.HF_HUB_CACHE}, and "
            "HF_HUB_OFFLINE is set; load it once without that, or copy the cache"
        )
    reason = type(error.__cause__ or error).__name__
    return ConnectionError(
        f"{repository}: cannot reach {constants.ENDPOINT} ({reason}); check the network and "
        "HF_ENDPOINT, or load it from a file or folder"
    )


def _page(repository: Repository) -> str:
    """Return the address of a repository's page."""
    return f"{constants.ENDPOINT}/{repository.name}"
