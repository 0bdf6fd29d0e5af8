"""Whether synthetic images help: arms, cells, statistics."""
