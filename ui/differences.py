"""What sets courses apart, in words and as a table."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from html import escape

from core.recording import Course
from ui.theme import PINS, number_table, setting

LONG = 8  # values that are no longer written out


def label(field: str) -> str:
    """A field's name in words."""
    return field.replace("_", " ")


def differing(courses: Iterable[Course]) -> list[str]:
    """The fields that are not the same in all configs of all courses."""
    configs = [config for course in courses for _, config in course]
    return [
        field.name
        for field in fields(configs[0])
        if len({repr(getattr(config, field.name)) for config in configs}) > 1
    ]


def history(course: Course, field: str, most: int = 4) -> str:
    """A field's values along a course: `0.05, from 40: 0.5`."""
    parts: list[str] = []
    before = None
    for start, config in course:
        value = getattr(config, field)
        if value != before or not parts:
            text = written(value)
            parts.append(f"from {start}: {text}" if start else text)
        before = value
    return ", ".join(parts if len(parts) <= most else [parts[0], "…", *parts[1 - most :]])


def written(value: object) -> str:
    """A setting as a learner would write it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return setting(value)
    if isinstance(value, tuple) and len(value) > LONG:
        return f"{len(value)} of them"
    if isinstance(value, tuple):
        rows = [isinstance(part, tuple) for part in value]
        return ("; " if any(rows) else ", ").join(map(written, value))
    return str(value)


def differences(courses: Mapping[str, Course]) -> str:
    """A table of the settings in which these courses differ, the colours of the pins beside."""
    names = differing(courses.values())
    rows = "".join(
        f'<tr><th scope="row">{_swatch(title)}{escape(title)}</th>'
        + "".join(f"<td>{escape(history(course, field))}</td>" for field in names)
        + "</tr>"
        for title, course in courses.items()
    )
    return number_table("pins", ["curve", *(escape(label(name)) for name in names)], rows)


def _swatch(title: str) -> str:
    return f'<i style="border-color: {PINS[title]}"></i>' if title in PINS else ""
