"""All jobs of a command composed and checked, before any of them trains."""

from collections.abc import Sequence

from pipeline.command._composition import Composed, Composer
from pipeline.command._explain import UnknownKey
from pipeline.command._grids import as_grids
from pipeline.config.check import ConfigError, check_values
from pipeline.config.schema import Config
from pipeline.errors import UserError


def compose_all(
    compose: Composer, jobs: Sequence[Sequence[str]], first: int = 0
) -> tuple[list[Composed], list[Config]]:
    """Compose and check all jobs, numbered from `first`.

    Raises one ConfigError with the mistakes of all jobs, each with the jobs it occurs in.
    """
    composed: list[Composed] = []
    checked: list[Config] = []
    mistakes: dict[str, list[str]] = {}
    for number, overrides in enumerate(jobs, first):
        try:
            composed.append(compose(overrides, number))
            checked.append(check_values(composed[-1].resolved))
        except UserError as error:
            lines = error.mistakes if isinstance(error, ConfigError) else [str(error)]
            if isinstance(error, UnknownKey):
                typed = (text.partition("=") for job in jobs for text in job)
                values = ",".join(dict.fromkeys(value for key, _, value in typed if key == error.key))
                lines = [f"{error.key}={values}: {error.why}{as_grids(error.key, jobs)}"]
            for line in lines:
                mistakes.setdefault(line, []).append(str(number))
    if mistakes:
        raise ConfigError([f"{mistake} ({_in_jobs(numbers, len(jobs))})" for mistake, numbers in mistakes.items()])
    return composed, checked


def _in_jobs(numbers: Sequence[str], total: int) -> str:
    if len(numbers) == total:
        return "in every job"
    listed = ", ".join(numbers[:5]) + (", …" if len(numbers) > 5 else "")
    return f"in {len(numbers)} of {total} jobs: {listed}"
