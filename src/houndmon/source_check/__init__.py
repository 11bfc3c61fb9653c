"""Does the source say what houndmon takes it to say?

The catalogue tells which relations, columns, types, rights and indexes there are. Plans tell what a view costs. A
census of the last day's rows tells whether its words, times and ids are those of the contract. Every statement is
bounded in time and in rows, and what was looked at is said beside what was found.
"""
