"""An application for both Django targets: the pages, but for the frame around them."""
