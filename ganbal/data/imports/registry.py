"""Which importer a data set needs, if any."""

from pathlib import Path

from ganbal.config import DataConfig
from ganbal.config.data import is_remote_name
from ganbal.data.imports.importing import ImportPlan
from ganbal.data.imports.npz import plan_npz
from ganbal.data.imports.parquet import plan_parquet
from ganbal.data.imports.remote import plan_remote
from ganbal.data.imports.zip_archive import plan_zip


def plan_import(place: Path, config: DataConfig) -> ImportPlan | None:
    """How the files of a data set get into the cache; None for folders and tables, which are read where they are.

    Raises:
        InputError: the source cannot be used.
    """
    if is_remote_name(place):
        return plan_remote(str(place))
    if place.is_dir():
        return plan_parquet(place, config)
    if not place.is_file():
        return None
    match place.suffix.lower():
        case ".npz":
            return plan_npz(place, config)
        case ".zip":
            return plan_zip(place)
    return None
