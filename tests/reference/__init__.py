"""A second implementation of crediting, customer status and pricing, written from the specifications alone.

Slow and obvious: plain values, one conversion at a time, exact fractions. It shares nothing with the engine but the
program value, so that where the two agree they agree with the text and not with each other.
"""
