"""Pages of the repository outside docs/ that the site has too, and links to them (a hook of mkdocs)."""

import posixpath
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.structure.files import File, Files

REPOSITORY = Path(__file__).resolve().parents[2]
OUTSIDE = ("CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/RESULTS.md", "examples/phantom.ipynb")
"""Relative to the repository; the site has them at the same place relative to its own root."""


def on_files(files: Files, *, config: Any) -> Files:
    for name in OUTSIDE:
        files.append(File.generated(config, name, abs_src_path=str(REPOSITORY / name)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Links as they are right in the repository, made right in the site."""
    is_outside = page.file.src_uri in OUTSIDE
    # docs/ is the root of the site, so its own pages lie one level higher there.
    here = PurePosixPath(page.file.src_uri if is_outside else f"docs/{page.file.src_uri}").parent

    def corrected(match: re.Match[str]) -> str:
        path, anchor = match[1], match[2] or ""
        target = posixpath.normpath(posixpath.join(here.as_posix(), path))
        if target == "docs":
            target = "docs/index.md"
        elif not (REPOSITORY / target).is_file():
            return match[0]
        in_site = target if target in OUTSIDE else posixpath.relpath(target, "docs")
        own_folder = PurePosixPath(page.file.src_uri).parent.as_posix()
        return f"]({posixpath.relpath(in_site, own_folder)}{anchor})"

    return re.sub(r"\]\((?!\w+:|#)([^)#\s]+)(#[^)]*)?\)", corrected, markdown)
