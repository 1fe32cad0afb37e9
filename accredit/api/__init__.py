"""The JSON API: conversions for people's own programs, read and changed with a key of theirs.

What it does is what the pages do, through the same functions of `accredit.conversions`; here it is only read from JSON
and written to it.
"""
