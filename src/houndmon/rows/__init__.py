"""Which rows are behind this figure?

Of each count of a panel that is made of single rows: at most 100 of them with their ids, as a page, as JSON and as CSV.
A kind of rows has the definition of its figure, so that a count of at most 100 is the number of rows.
"""
