"""Pages from templates: every value is escaped, and a misspelt name is an error."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from multichat_proto.handshake import CSRF_FIELD

__all__ = ["render", "time_element"]

# What the base template asks for, on pages that have no visit to answer, such as most errors.
_NOBODY: Final = MappingProxyType(
    {"user": None, "token": None, "token_field": CSRF_FIELD, "notice": None, "path": ""}
)

_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("multichat_server.web"),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    values: Mapping[str, object] = MappingProxyType({}),
) -> HTMLResponse:
    """
    Return a page.

    Args:
        template: The file's name in the folder of templates.
        status: The HTTP status, which the template knows by ``status`` and ``phrase``.
        headers: Headers besides the usual ones.
        values: What the template calls by name.

    """
    text = _ENVIRONMENT.get_template(template).render(
        {**_NOBODY, **values}, status=status, phrase=HTTPStatus(status).phrase
    )
    return HTMLResponse(text, status_code=status, headers=headers)


def time_element(seconds: int | None, otherwise: str = "never") -> Markup:
    """
    Return a time for a page, which templates have as the filter ``time``.

    Args:
        seconds: Since 1970; ``None`` or 0 if there is none.
        otherwise: What stands there in that case.

    """
    if not seconds:
        return escape(otherwise)
    then = datetime.fromtimestamp(seconds, tz=UTC)
    return Markup('<time datetime="{}">{} UTC</time>').format(
        then.strftime("%Y-%m-%dT%H:%M:%SZ"), then.strftime("%Y-%m-%d %H:%M")
    )


_ENVIRONMENT.filters["time"] = time_element
