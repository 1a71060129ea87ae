"""What Alembic runs to migrate: the connection is the caller's, and so is the transaction."""

from alembic import context

from multichat_server.storage.tables import metadata

# transactional_ddl: true for PostgreSQL anyway, and for SQLite as we open its transactions.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
