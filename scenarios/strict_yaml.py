"""Read a YAML file so that what a person typed is what the program sees."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml


class _StrictLoader(yaml.SafeLoader):
    """YAML with the plain number forms only, and with a note of every key written twice."""

    duplicates: list[str]

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.duplicates = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, (list, dict)):
                raise yaml.constructor.ConstructorError(None, None, "a key must be plain text", key_node.start_mark)
            if key in seen:
                self.duplicates.append(f"{key!r} is written twice (line {key_node.start_mark.line + 1}).")
            seen.add(key)
        return super().construct_mapping(node, deep)


# YAML 1.1 reads 010 as 8, 1:30 as 90, no as false and 1e5 as text: none of these is what a planner means.
_PLAIN_FORMS = {
    "bool": (r"true|True|false|False", list("tTfF")),
    "int": (r"[-+]?[0-9][0-9_]*", list("-+0123456789")),
    "float": (
        r"[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
}
_StrictLoader.yaml_implicit_resolvers = {}
for _tag, (_pattern, _first) in _PLAIN_FORMS.items():
    _StrictLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


def _whole_number(loader: _StrictLoader, node: yaml.ScalarNode) -> int:
    digits = node.value.replace("_", "")
    if len(digits) > 300:
        raise yaml.constructor.ConstructorError(None, None, "a number of more than 300 digits", node.start_mark)
    return int(digits)


_StrictLoader.add_constructor("tag:yaml.org,2002:int", _whole_number)


def read_yaml(path: Path) -> tuple[Any, list[str]]:
    """Return the content of a YAML file and what is wrong with it as a file.

    Parameters
    ----------
    path
        The file; UTF-8 text.

    Returns
    -------
    tuple
        The content (None when it cannot be read) and the problems, as sentences for the person who wrote the file.

    Examples
    --------
    >>> content, problems = read_yaml(Path(__file__).parent / "baseline.yaml")
    >>> content["name"], problems
    ('baseline', [])
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return None, ["The file does not exist."]
    except UnicodeDecodeError as error:
        return None, [f"The file is not UTF-8 text (byte {error.start}). Save it with the encoding UTF-8."]
    except OSError as error:
        return None, [f"The file cannot be read: {error.strerror}."]
    tabs = [
        number for number, line in enumerate(text.splitlines(), 1) if "\t" in line[: len(line) - len(line.lstrip())]
    ]
    if tabs:
        return None, [f"Line {tabs[0]} is indented with a tab. YAML allows spaces only."]
    loader = None
    try:
        loader = _StrictLoader(text)
        content = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        where = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        return None, [f"The file is not valid YAML{where}: {error.problem}."]
    except (yaml.YAMLError, RecursionError):
        return None, ["The file is not text that YAML can read."]
    if content is None:
        return None, ["The file is empty."]
    return content, loader.duplicates
