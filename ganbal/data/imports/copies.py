"""What the user named in place of its copies in the cache, for errors and warnings about them."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ganbal.config.data import is_remote_name
from ganbal.data.data_warnings import DataWarning
from ganbal.data.image_formats import printable
from ganbal.data.source import Source
from ganbal.errors import InputError


@dataclass
class Copies:
    """The folders in the cache that were made of `given`; nobody should work on files in them."""

    given: Path
    folders: list[Path] = field(default_factory=list)

    def renamed_error(self, error: InputError) -> InputError | None:
        """The error as one about `given`; None where it mentions no copy."""
        found, expected, action = (self._renamed(text) for text in (error.found, error.expected, error.action))
        if (found, expected, action) == (error.found, error.expected, error.action):
            return None
        verb = "download" if is_remote_name(self.given) else "unpack"
        action += f" To change files, {verb} it to a folder of your own, and give --data that folder."
        return InputError(found=found, expected=expected, action=action)

    def renamed_source(self, source: Source) -> Source:
        """The source with warnings about `given`."""
        warnings = [DataWarning(warning.kind, self._renamed(dict(warning.values))) for warning in source.warnings]
        return replace(source, warnings=tuple(warnings))

    def _renamed(self, value: Any) -> Any:
        if isinstance(value, str):
            for folder in self.folders:
                value = value.replace(printable(folder), printable(self.given))
            return value
        if isinstance(value, list):
            return [self._renamed(one) for one in value]
        return {key: self._renamed(one) for key, one in value.items()} if isinstance(value, dict) else value
