"""
What accounts and the admin need: where sessions are used, tokens, search texts, the audit log.

Columns are only added. SQLite could not make the tables anew without deleting what refers to
them, since foreign keys cannot be switched off inside a transaction.
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add columns and tables, and fill in the search texts."""
    _add("users", _search_text(), sa.Column("last_login_at", sa.BigInteger))
    _add("rooms", _search_text())
    _fill("users", "username")
    _fill("rooms", "title")
    _add(
        "sessions",
        sa.Column("started_at", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("seen_at", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("user_agent", sa.Text, nullable=False, server_default=""),
        sa.Column("address", sa.String(64), nullable=False, server_default=""),
    )
    op.create_table(
        "tokens",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("user_id", _ID, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger),
        sa.Column("expires_at", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"])
    op.create_table(
        "audit",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor_id", _ID),
        sa.Column("actor", sa.String(150), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("subject_id", _ID),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )


def _search_text() -> sa.Column[str]:
    return sa.Column("search_text", sa.Text, nullable=False, server_default="")


def _add(table: str, *columns: sa.Column[str] | sa.Column[int]) -> None:
    for column in columns:
        op.add_column(table, column)


def _fill(name: str, source: str) -> None:
    table = sa.table(name, sa.column("id"), sa.column(source), sa.column("search_text"))
    connection = op.get_bind()
    rows = connection.execute(sa.select(table.c.id, table.c[source])).all()
    if rows:
        connection.execute(
            sa.update(table)
            .where(table.c.id == sa.bindparam("row_id"))
            .values(search_text=sa.bindparam("text")),
            [{"row_id": row[0], "text": _fold(row[1])} for row in rows],
        )


def _fold(text: str) -> str:
    # A copy: what a step did must not change when the code goes on.
    return unicodedata.normalize("NFKC", text).casefold()
