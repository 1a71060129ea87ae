"""Write the client library's reference from its docstrings and signatures."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from types import FunctionType, ModuleType
from typing import Any, Final

__all__ = ["reference"]

_SECTIONS: Final = ("Args", "Attributes", "Raises", "Returns", "Yields")
_WIDTH: Final = 88
_ROLE: Final = re.compile(r":[a-z]+:`~?(?:multichat_proto\.)?([^`]+)`")
_ITEM: Final = re.compile(r"([\w*]+(?:\.\w+)*): (.*)", re.DOTALL)


def reference(*modules: str) -> str:
    """Return the reference of modules, as Markdown."""
    return "\n".join(_clean(_module(importlib.import_module(name))) for name in modules)


def _clean(lines: Iterable[str]) -> str:
    text = "\n".join(lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def _module(module: ModuleType) -> Iterator[str]:
    yield f"## {module.__name__}"
    yield ""
    yield from _prose(module.__doc__)
    for name in sorted(module.__all__, key=str.lower):
        member = getattr(module, name)
        if inspect.isclass(member):
            yield from _class(name, member)
        elif inspect.isfunction(member):
            yield from ("", f"### {name}", "")
            yield from _function(member, "")
        else:
            yield from ("", f"### {name}", "")
            yield from _prose(_doc_of_value(module, name))


# -- Classes and functions.


def _class(name: str, given: type) -> Iterator[str]:
    yield from ("", f"### {name}", "")
    own = [base for base in given.__mro__ if base.__module__.startswith("multichat_proto")]
    bases = [base.__name__ for base in given.__bases__ if base is not object]
    if bases and issubclass(given, BaseException):
        yield from (f"A kind of `{bases[0]}`.", "")
    init = vars(given).get("__init__")
    # What a dataclass has generated has no file; its fields say it all.
    if isinstance(init, FunctionType) and init.__code__.co_filename == inspect.getfile(given):
        yield from _code(_signature(_parsed(init), f"class {name}", is_method=True, result=False))
    elif fields := list(_fields(given)):
        yield from _code("\n".join([f"class {name}:", *(f"    {field}" for field in fields)]))
    yield from _prose(given.__doc__)
    for member, value in sorted(_members(own).items()):
        kind = "async " if inspect.iscoroutinefunction(value) else ""
        yield from ("", f"#### {name}.{member}", "")
        if isinstance(value, property):
            assert value.fget is not None
            yield from _prose(value.fget.__doc__)
        else:
            yield from _function(value, kind)


def _members(own: list[type]) -> dict[str, Any]:
    return {
        name: value
        for base in reversed(own)
        for name, value in vars(base).items()
        if not name.startswith("_") and isinstance(value, FunctionType | property)
    }


def _fields(given: type) -> Iterator[str]:
    tree = _parsed(given)
    assert isinstance(tree, ast.ClassDef)
    for node in tree.body:
        is_field = isinstance(node, ast.AnnAssign)
        is_constant = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        if (is_field or is_constant) and not ast.unparse(node).startswith("_"):
            yield _text(node)


def _function(function: FunctionType, kind: str) -> Iterator[str]:
    node = _parsed(function)
    is_method = "." in function.__qualname__
    signature = _signature(node, f"{kind}def {function.__name__}", is_method=is_method, result=True)
    yield from _code(signature)
    yield from _prose(function.__doc__)


@functools.cache
def _tree(source: str) -> ast.Module:
    return ast.parse(source)


def _parsed(given: Any) -> ast.stmt:
    return _tree(textwrap.dedent(inspect.getsource(given))).body[0]


def _signature(node: ast.stmt, head: str, *, is_method: bool, result: bool) -> str:
    """Return a signature as the source has it, on one line or one for each parameter."""
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    parameters = list(_parameters(node.args))[1 if is_method else 0 :]
    if parameters[:1] == ["/"]:
        parameters = parameters[1:]
    returns = f" -> {_text(node.returns)}" if result and node.returns is not None else ""
    line = f"{head}({', '.join(parameters)}){returns}"
    if len(line) <= _WIDTH:
        return line
    inner = "".join(f"    {parameter},\n" for parameter in parameters)
    return f"{head}(\n{inner}){returns}"


def _parameters(given: ast.arguments) -> Iterator[str]:
    ordinary = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [
        *[None] * (len(ordinary) - len(given.defaults)),
        *given.defaults,
    ]
    for number, (argument, default) in enumerate(zip(ordinary, defaults, strict=True), 1):
        yield _parameter(argument, default)
        if number == len(given.posonlyargs):
            yield "/"
    if given.vararg is not None:
        yield f"*{_argument(given.vararg)}"
    elif given.kwonlyargs:
        yield "*"
    for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        yield _parameter(argument, default)
    if given.kwarg is not None:
        yield f"**{_argument(given.kwarg)}"


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    text = _argument(argument)
    if default is None:
        return text
    equals = " = " if argument.annotation is not None else "="
    return f"{text}{equals}{_text(default)}"


def _argument(argument: ast.arg) -> str:
    if argument.annotation is None:
        return argument.arg
    return f"{argument.arg}: {_text(argument.annotation)}"


def _text(node: ast.AST) -> str:
    """Return what a node's source says, in double quotes, as we write."""
    text = ast.unparse(node)
    return text if '"' in text else text.replace("'", '"')


def _doc_of_value(module: ModuleType, name: str) -> str | None:
    """Return the text that stands below a value, where it is defined."""
    for place in _homes(module, name):
        for node, after in zip(place.body, place.body[1:], strict=False):
            targets = node.targets if isinstance(node, ast.Assign) else ()
            named = [ast.unparse(target) for target in targets]
            if isinstance(node, ast.AnnAssign):
                named = [ast.unparse(node.target)]
            if name in named and isinstance(after, ast.Expr):
                return str(ast.literal_eval(after.value))
    return None


def _homes(module: ModuleType, name: str) -> Iterator[ast.Module]:
    tree = _tree(inspect.getsource(module))
    yield tree
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
            assert node.module is not None
            yield _tree(inspect.getsource(importlib.import_module(node.module)))


# -- Docstrings.


def _code(source: str) -> Iterator[str]:
    yield from ("```python", source, "```", "")


def _prose(docstring: str | None) -> Iterator[str]:
    """Yield a docstring as Markdown."""
    lines = inspect.cleandoc(docstring or "").splitlines()
    while lines:
        line = lines.pop(0)
        if line.rstrip(":") in _SECTIONS and line.endswith(":"):
            yield from ("", f"*{line[:-1]}*", "")
            yield from _items(_indented(lines))
        elif line.rstrip().endswith("::"):
            if rest := line.rstrip()[:-2].rstrip():
                yield _words(f"{rest}:")
            yield from ("", _fence(block := textwrap.dedent("\n".join(_indented(lines)))))
            yield from (block.strip("\n"), "```", "")
        else:
            yield _words(line)


def _indented(lines: list[str]) -> list[str]:
    taken = []
    while lines and (not lines[0].strip() or lines[0].startswith("    ")):
        taken.append(lines.pop(0))
    return taken


def _fence(block: str) -> str:
    try:
        compile(block, "docstring", "exec", ast.PyCF_ONLY_AST)
    except SyntaxError:
        return "```text"
    return "```python"


def _items(lines: list[str]) -> Iterator[str]:
    text = textwrap.dedent("\n".join(lines))
    for item in re.split(r"\n(?=\S)", text.strip("\n")):
        words = " ".join(line.strip() for line in item.splitlines())
        match = _ITEM.fullmatch(words)
        yield _words(f"- `{match[1]}`: {match[2]}" if match else f"- {words}")
    yield ""


def _words(line: str) -> str:
    line = _ROLE.sub(r"`\1`", line)
    return re.sub(r"``([^`]+)``", r"`\1`", line)
