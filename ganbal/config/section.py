"""What all sections of the settings have in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Typed and frozen; unknown names are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")
