"""What a command gives back."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """Facts for programs, text for people, and what to do next."""

    facts: dict[str, Any]
    text: str
    next_step: str
