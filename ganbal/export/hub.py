"""Uploads of an exported folder to the Hugging Face Hub, only where the user asks for one."""

from pathlib import Path
from typing import Any, Literal

from ganbal.errors import GanbalError, reason_of
from ganbal.runtime.optional_packages import import_optional


def require_hub() -> Any:
    """The package huggingface_hub.

    Raises:
        InputError: it is not installed.
    """
    return import_optional("huggingface_hub", extra="export", needed="--push-to-hub needs it.")


def push_folder(folder: Path, repository: str, kind: Literal["model", "dataset"]) -> str:
    """Upload a folder into a repository, which is made, private, where it does not exist.

    Returns:
        The address of the upload.

    Raises:
        InputError: huggingface_hub is not installed.
        GanbalError: the upload fails, for example without a login.
    """
    hub = require_hub().HfApi()
    try:
        hub.create_repo(repository, repo_type=kind, private=True, exist_ok=True)
        return str(hub.upload_folder(folder_path=str(folder), repo_id=repository, repo_type=kind))
    except Exception as error:  # of the network, of the login, of the name
        raise GanbalError(
            f"The upload to {repository} failed: {reason_of(error)}. The files are in {folder}. Log in with "
            "`hf auth login`, and name the repository as OWNER/NAME."
        ) from error
