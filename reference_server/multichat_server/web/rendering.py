"""Pages from templates: every value is escaped, and a misspelt name is an error."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

__all__ = ["render"]

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
        values, status=status, phrase=HTTPStatus(status).phrase
    )
    return HTMLResponse(text, status_code=status, headers=headers)
