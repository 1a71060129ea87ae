"""Where ``multichat`` and ``python -m multichat_cli`` begin."""

__all__ = ["main"]

#: What a command line without an extra lacks, and which extra brings it.
_EXTRA_OF = {
    "rich": "cli",
    "typer": "cli",
    "hypothesis": "cli,conformance",
    "jsonschema": "cli,conformance",
    "pytest": "cli,conformance",
    "referencing": "cli,conformance",
    "trio_websocket": "cli,conformance",
    "wsproto": "cli,conformance",
    "alembic": "cli,server",
    "argon2": "cli,server",
    "h11": "cli,server",
    "jinja2": "cli,server",
    "python_multipart": "cli,server",
    "sqlalchemy": "cli,server",
    "starlette": "cli,server",
}


def main() -> None:
    """Run the command line, or say which extra is missing."""
    try:
        from multichat_cli.app import app

        app(prog_name="multichat")
    except ModuleNotFoundError as exc:
        # Only for a dependency that is really missing: anything else is a mistake of ours,
        # and hiding it would send people to reinstall for nothing.
        extra = _EXTRA_OF.get(exc.name or "")
        if extra is None:
            raise
        raise SystemExit(
            f"multichat: this command needs {exc.name}, which comes with an extra; "
            f"in a clone of multichat, install it with: pip install '.[{extra}]'"
        ) from None


if __name__ == "__main__":
    main()
