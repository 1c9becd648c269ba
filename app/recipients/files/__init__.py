"""Reading files of people: what kind they are, and rows of cells out of each kind."""
