"""
The specification as data: where it lies, and typed readers for what is in it.

The text, the schemas, the tables, the examples and the recordings of a version lie in
``spec/v1/`` in a checkout and in ``multichat_spec/v1/`` in an installed wheel. This package
knows both places, so that nobody else has to open a file of the specification.
"""

from multichat_spec.documents import (
    asyncapi,
    close_codes,
    error,
    errors,
    requirement,
    requirements,
    root,
    schema,
    schemas,
    state,
    versions,
)
from multichat_spec.examples import example_sessions, examples
from multichat_spec.frames import expand
from multichat_spec.model import (
    Check,
    Example,
    Frame,
    Json,
    MalformedCase,
    Requirement,
    Section,
    UnknownName,
)
from multichat_spec.recordings import malformed_cases, recorded_sessions, recording

__all__ = [
    "Check",
    "Example",
    "Frame",
    "Json",
    "MalformedCase",
    "Requirement",
    "Section",
    "UnknownName",
    "asyncapi",
    "close_codes",
    "error",
    "errors",
    "example_sessions",
    "examples",
    "expand",
    "malformed_cases",
    "recorded_sessions",
    "recording",
    "requirement",
    "requirements",
    "root",
    "schema",
    "schemas",
    "state",
    "versions",
]
