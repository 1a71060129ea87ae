"""The reports, held by golden files: ``python -m tests.conformance.reports.show`` shows each."""
