"""The stand-in of the 2016 original, held to what was recorded of the original."""
