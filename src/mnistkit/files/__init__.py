"""Files that are whole or not there, read only where they are what they should be.

Everything that mnistkit writes to be read again goes through `atomic`; everything that it reads and
that somebody else could have written goes through `reading`, `archives` and `json_file`. None of
these follows what a file says: they check sizes before they unpack, and run no code.
"""
