"""
The web application: which page is where, and what happens when there is none.

Paths, form fields and cookies are those of the original, so that a client which logs in there
logs in here.
"""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from multichat_proto.exceptions import StoreUnavailable
from multichat_proto.handshake import LOGIN_PATH, LOGOUT_PATH
from multichat_server import api
from multichat_server.storage import NotFound, RightsChanged
from multichat_server.web import accounts, admin, rooms
from multichat_server.web.page import Page
from multichat_server.web.rendering import render
from multichat_server.web.security import SecurityHeaders, secure_headers
from multichat_server.web.site import RETRY_SECONDS, Site

__all__ = ["create_app"]


def create_app(site: Site) -> Starlette:
    """
    Make the web application.

    Args:
        site: What it stands on, which stays the caller's.

    """
    app = Starlette(
        routes=[
            Route("/", Page(site, rooms.show, methods=("GET", "HEAD"))),
            *accounts.routes(site),
            *admin.routes(site),
            *api.routes(site),
            Route(LOGIN_PATH.rstrip("/"), _add_slash),
            Route(LOGOUT_PATH.rstrip("/"), _add_slash),
            Route("/admin", _add_slash),
            Mount("/static", StaticFiles(packages=[("multichat_server.web", "static")])),
        ],
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={
            HTTPException: _no_page,
            NotFound: _nothing_stored,
            StoreUnavailable: _no_database,
            # Twice while one request was answered.
            RightsChanged: _no_database,
            500: _no_answer,
        },
    )
    # It would redirect to a full URL, which is made from a header that the client chooses.
    app.router.redirect_slashes = False
    return app


async def _add_slash(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.url.path}/{query}", status_code=301)


async def _no_page(_: Request, exc: Exception) -> Response:
    """Answer what the router or a page refuses; never with the client's own text."""
    status, headers = (
        (exc.status_code, exc.headers) if isinstance(exc, HTTPException) else (500, None)
    )
    return render("error.html", status=status, headers=headers)


async def _nothing_stored(_: Request, __: Exception) -> Response:
    return render("error.html", status=404)


async def _no_database(_: Request, __: Exception) -> Response:
    return render("error.html", status=503, headers={"retry-after": str(RETRY_SECONDS)})


async def _no_answer(request: Request, _: Exception) -> Response:
    """Answer for a page that failed; Starlette then passes the exception on to be logged."""
    is_for_programs = request.url.path.startswith(api.PREFIX)
    response = api.failed() if is_for_programs else render("error.html", status=500)
    # This comes from outside all middleware.
    response.headers.update(secure_headers())
    return response
