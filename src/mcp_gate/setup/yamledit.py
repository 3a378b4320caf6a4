"""Small changes to a YAML file that leave every other character as it is, comments included.

Only what a gate's files are made of: mappings and sequences in either style, plain and quoted scalars.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import yaml

Node: TypeAlias = Any
"""A node of PyYAML's, with the marks where it begins and ends."""


Step: TypeAlias = str | int
"""A key, or an index."""


class NotThere(LookupError):
    """The file has no such place."""


def find(text: str, *path: Step) -> Node | None:
    """The node below these keys and indices, or None."""
    node: Node = yaml.compose(text, yaml.SafeLoader)
    for step in path:
        match node, step:
            case yaml.MappingNode(), str():
                node = next((value for name, value in node.value if name.value == step), None)
            case yaml.SequenceNode(), int() if step < len(node.value):
                node = node.value[step]
            case _:
                return None
    return node


def put_entry(text: str, path: tuple[Step, ...], key: str, value: str) -> str:
    """Add an entry at the end of the mapping below `path`.

    Args:
        value: as it is to stand in the file, on one line.

    Raises:
        NotThere: there is no mapping, or it has the key already.
    """
    node = find(text, *path)
    if not isinstance(node, yaml.MappingNode) or any(name.value == key for name, _ in node.value):
        raise NotThere(_dotted(*path, key))
    return _added(text, node, [entry for _, entry in node.value], f"{key}: {value}")


def put_item(text: str, path: tuple[Step, ...], value: str) -> str:
    """Add an item at the end of the sequence below `path`.

    Raises:
        NotThere: there is no sequence.
    """
    node = find(text, *path)
    if not isinstance(node, yaml.SequenceNode):
        raise NotThere(_dotted(*path))
    return _added(text, node, node.value, value if node.flow_style else f"- {value}")


def drop_entry(text: str, path: tuple[Step, ...], key: str) -> str:
    """Take an entry out of the mapping below `path`; an empty one is left as `{}`.

    Raises:
        NotThere: there is no such entry.
    """
    node = find(text, *path)
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    at = next((n for n, (name, _) in enumerate(pairs) if name.value == key), None)
    if at is None:
        raise NotThere(_dotted(*path, key))
    return _dropped(text, node, [(name.start_mark.index, _end(value)) for name, value in pairs], at, "{}")


def drop_item(text: str, path: tuple[Step, ...], at: int) -> str:
    """Take the item of this index out of the sequence below `path`; an empty one is left as `[]`.

    Raises:
        NotThere: there is no such item.
    """
    node = find(text, *path)
    if not isinstance(node, yaml.SequenceNode) or not 0 <= at < len(node.value):
        raise NotThere(_dotted(*path))
    spans = [(item.start_mark.index, _end(item)) for item in node.value]
    if not node.flow_style:  # the dash is the item's
        spans = [(text.rindex("-", 0, start), end) for start, end in spans]
    return _dropped(text, node, spans, at, "[]")


def _dotted(*path: Step) -> str:
    return ".".join(map(str, path))


def _added(text: str, node: Node, values: list[Node], line: str) -> str:
    if node.flow_style:
        if not values:
            return f"{text[: node.start_mark.index + 1]} {line} {text[node.end_mark.index - 1 :]}"
        end = _end(values[-1])
        return f"{text[:end]}, {line}{text[end:]}"
    end = _line_end(text, _end(values[-1]))
    return f"{text[:end]}\n{' ' * node.start_mark.column}{line}{text[end:] or chr(10)}"


def _dropped(text: str, node: Node, spans: list[tuple[int, int]], at: int, empty: str) -> str:
    start, end = spans[at]
    if len(spans) == 1:
        if node.flow_style:
            return text[: node.start_mark.index] + empty + text[node.end_mark.index :]
        return text[:start] + empty + text[end:]
    if node.flow_style:
        if at > 0:
            return text[: spans[at - 1][1]] + text[end:]
        return text[:start] + text[spans[1][0] :]
    begin = text.rfind("\n", 0, start) + 1
    return text[:begin] + text[_line_end(text, end) + 1 :]


def _end(node: Node) -> int:
    """Where what stands there ends: a block's own mark is only where the next thing begins."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(node, yaml.MappingNode) else last)


def _line_end(text: str, index: int) -> int:
    found = text.find("\n", index)
    return len(text) if found < 0 else found
