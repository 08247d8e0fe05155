"""Choices of a group that no file in conf/ describes: `schedule=my_schedules:Warm` is a class, its fields the keys."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf


class PartsSource(ConfigSource):
    """The part that a path names, as a configuration of its keys."""

    @staticmethod
    def scheme() -> str:
        return "parts"

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return False

    def is_config(self, config_path: str) -> bool:
        return self._name(config_path) is not None

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        return []

    def load_config(self, config_path: str) -> ConfigResult:
        from pipeline.schedules import keys_of_part

        name = self._name(config_path)
        assert name is not None  # Hydra asks whether there is such a path before
        config = OmegaConf.create(keys_of_part(name))
        return ConfigResult(self.provider, f"{self.scheme()}://{config_path}", config, {"package": None})

    def _name(self, config_path: str) -> str | None:
        """The name of a schedule that this package does not have."""
        from pipeline.schedules import ScheduleChoice

        group, _, name = config_path.removesuffix(".yaml").rpartition("/")
        return name if group == "schedule" and ScheduleChoice.is_brought(name) else None


class PartsSearchPath(SearchPathPlugin):
    """Looks for parts after all files."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        if not any(element.path == "parts://" for element in search_path.get_path()):  # Hydra 1.4 may find this twice
            search_path.append("scratchnet-parts", "parts://")
