"""Finding people in a list, however large: keys, order, filters, segments."""
