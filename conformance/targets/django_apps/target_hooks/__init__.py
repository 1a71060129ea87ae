"""An application for both Django targets: their demo data, and the hooks that change it."""
