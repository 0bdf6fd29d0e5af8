"""How long a command with several stages will still take."""

from ganbal.runtime.text import duration

_SHORTEST_TO_LEARN_FROM = 5.0


class Forecast:
    """The time left for a stage and for the whole command, from expectations and the pace of the work."""

    def __init__(self) -> None:
        self._stage_seconds = self._later_seconds = 0.0
        self._pace = 1.0
        """Observed time per expected time, of the last piece of work that was long enough to tell."""

    def begin_stage(self, seconds: float, later_seconds: float) -> None:
        """Expect so many seconds for the stage that begins and for those after it; 0 for what is not known."""
        self._stage_seconds, self._later_seconds = seconds, later_seconds

    def command_left(self, elapsed: float, left: float) -> float | None:
        """Seconds left for the whole command; None where no later stages are expected.

        Args:
            elapsed, left: seconds of the present piece of work, which is taken for the whole stage.
        """
        if not self._later_seconds:
            return None
        if self._stage_seconds > _SHORTEST_TO_LEARN_FROM and elapsed > _SHORTEST_TO_LEARN_FROM:
            self._pace = (elapsed + left) / self._stage_seconds
        return left + self._pace * self._later_seconds

    def text(self, elapsed: float, left: float) -> str:
        """`2:13 left`, or `2:13 left, whole run 1:02:03`."""
        of_command = self.command_left(elapsed, left)
        return f"{duration(left)} left" + ("" if of_command is None else f", whole run {duration(of_command)}")
