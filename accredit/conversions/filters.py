"""The prefix of the keys of conversions, for those who still look for it here."""

from accredit.conversions.columns import PREFIX as PREFIX
