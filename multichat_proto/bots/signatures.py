"""Whether a function can be what it is decorated as; if not, why, in a sentence."""

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar, Union, get_args, get_origin

from multichat_proto.bots.exceptions import HandlerInvalid

__all__ = ["UNKNOWN", "annotations", "check_events", "check_function", "name_of", "shown"]

UNKNOWN: Final = object()
"""Stands for an annotation that is not there, or cannot be resolved here and now."""

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def name_of(function: Callable[..., Any]) -> str:
    """Return the name by which people know the function."""
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return str(name).rpartition("<locals>.")[2]


def check_function(
    decorator: str, function: Callable[..., Any], takes: tuple[str, ...], *, exactly: bool = True
) -> inspect.Signature:
    """
    Check that a function is async and can be called with these arguments.

    Args:
        decorator: What it is decorated with, for the sentence.
        function: It.
        takes: What it is called with, in words.
        exactly: Whether it takes nothing else; commands take words after them.

    Raises:
        HandlerInvalid: It cannot.

    """
    if not callable(function):
        raise HandlerInvalid(f"{decorator} decorates an async function, not {function!r}")
    name = name_of(function)
    # An object may have an async __call__.
    called = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    if inspect.isasyncgenfunction(function) or inspect.isasyncgenfunction(called):
        raise HandlerInvalid(f"{decorator}: {name} has a yield in it; a handler is awaited once")
    if not (inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)):
        raise HandlerInvalid(f"{decorator}: {name} must be declared with 'async def'")
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    positional = [parameter for parameter in parameters if parameter.kind in _POSITIONAL]
    required = [
        parameter for parameter in positional if parameter.default is inspect.Parameter.empty
    ]
    rest = any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters)
    wanted = " and ".join(takes)
    if len(positional) < len(takes) and not (rest and exactly):
        taken = ", ".join(parameter.name for parameter in positional) or "nothing"
        raise HandlerInvalid(f"{decorator}: {name} must take {wanted}; it takes {taken}")
    if not exactly:
        return signature
    if len(required) > len(takes):
        taken = ", ".join(parameter.name for parameter in required)
        raise HandlerInvalid(
            f"{decorator}: {name} must take {wanted} and no more; it takes {taken}"
        )
    for parameter in parameters:
        if (
            parameter.kind is inspect.Parameter.KEYWORD_ONLY
            and parameter.default is inspect.Parameter.empty
        ):
            raise HandlerInvalid(
                f"{decorator}: {name} is called with {wanted} only; nobody gives it"
                f" {parameter.name}"
            )
    return signature


def annotations(function: Callable[..., Any], signature: inspect.Signature) -> Mapping[str, Any]:
    """
    Return what each parameter is annotated with; ``UNKNOWN`` where nobody can say.

    A string is resolved as far as the names in it are known: what is imported for type checkers
    only is not.
    """
    source = inspect.unwrap(function)
    while hasattr(source, "func"):  # functools.partial
        source = source.func
    source = getattr(source, "__func__", source)
    if not hasattr(source, "__globals__"):
        source = type(source).__call__
    names = getattr(source, "__globals__", {})
    # Names of the function around it that it uses itself; others Python does not keep.
    cells: Iterable[tuple[str, types.CellType]] = zip(
        getattr(getattr(source, "__code__", None), "co_freevars", ()),
        getattr(source, "__closure__", None) or (),
        strict=False,
    )
    nearer: dict[str, Any] = {name: cell.cell_contents for name, cell in cells if _is_filled(cell)}
    return {
        parameter.name: _resolved(parameter.annotation, names, nearer)
        for parameter in signature.parameters.values()
    }


def _is_filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018  # reading is the question
    except ValueError:
        return False
    return True


def _resolved(annotation: Any, names: dict[str, Any], nearer: dict[str, Any]) -> Any:
    if annotation is inspect.Parameter.empty:
        return UNKNOWN
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    try:
        return typing.get_type_hints(holder, names, nearer, include_extras=True)["it"]
    except (NameError, AttributeError, SyntaxError, TypeError):
        return UNKNOWN


def check_events(
    decorator: str, name: str, annotation: Any, context: type, events: Iterable[type]
) -> None:
    """
    Check that a handler's first parameter is a context of events that it is going to get.

    Raises:
        HandlerInvalid: It is annotated with something else.

    """
    if annotation in (UNKNOWN, Any, object) or isinstance(annotation, TypeVar):
        return
    origin = get_origin(annotation) or annotation
    if not (isinstance(origin, type) and issubclass(context, origin)):
        raise HandlerInvalid(
            f"{decorator}: {name} is given a Context, but its first parameter is annotated"
            f" with {shown(annotation)}"
        )
    if not (arguments := get_args(annotation)):
        return
    for event in events:
        if not _covers(arguments[0], event):
            raise HandlerInvalid(
                f"{decorator}: {name} takes {shown(annotation)},"
                f" but would be given Context[{event.__name__}]"
            )


def _covers(annotation: Any, event: type) -> bool:
    if get_origin(annotation) in (Union, types.UnionType):
        return any(_covers(part, event) for part in get_args(annotation))
    # Any is a class of its own; a type variable or a string says nothing that can be checked.
    return annotation is Any or not isinstance(annotation, type) or issubclass(event, annotation)


def shown(annotation: Any) -> str:
    """Return a type as people write it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " | ".join(shown(part) for part in arguments)
    name = str(getattr(origin or annotation, "__name__", annotation))
    return f"{name}[{', '.join(shown(part) for part in arguments)}]" if arguments else name
