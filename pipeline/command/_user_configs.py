"""The user's groups, ./conf and --config-dir, before Hydra opens them: it waits for pipes and expands any alias."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from pipeline.config.folder import user_folder
from pipeline.errors import UserError, explain
from pipeline.files import read_whole

_FLAGS = ("--config-dir", "-cd")
_MOST_BYTES = 2**20
_MOST_VALUES = 100_000  # of a file once its aliases are expanded


def check_user_configs(arguments: Sequence[str]) -> None:
    """Raise UserError for a YAML file that is none, or that stands for more values than a configuration has."""
    for folder in _folders(arguments):
        for path in sorted(folder.rglob("*.yaml")):
            _check(path)


def _folders(arguments: Sequence[str]) -> Iterator[Path]:
    if own := user_folder():
        yield own
    for i, word in enumerate(arguments):
        flag, equals, value = word.partition("=")
        if flag in _FLAGS:
            yield Path(value if equals else "".join(arguments[i + 1 : i + 2]))


def _check(path: Path) -> None:
    try:
        node = yaml.compose(read_whole(path, _MOST_BYTES).decode(), yaml.SafeLoader)
        size = _expanded(node, {})
    except OSError as error:
        raise UserError(explain(error)) from None
    except RecursionError:
        raise UserError(f"{path}: nested too deeply, or an alias of itself; write its values out") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not text (byte {error.start}); save it as UTF-8, or move it away") from None
    except yaml.YAMLError:
        return  # which is said of a file that is used
    if size > _MOST_VALUES:
        raise UserError(f"{path}: its aliases stand for {size:,} values, more than {_MOST_VALUES:,}; write fewer")


def _expanded(node: yaml.Node | None, sizes: dict[int, int]) -> int:
    """How many nodes there are when every alias is written out."""
    if node is not None and id(node) not in sizes:
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            children = [child for pair in node.value for child in pair]
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        sizes[id(node)] = 1 + sum(_expanded(child, sizes) for child in children)
    return sizes.get(id(node), 0)
