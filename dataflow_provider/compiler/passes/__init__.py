"""Rules that end a stage, or keep rows inside one; each boundary carries its rule's name and a sentence."""
