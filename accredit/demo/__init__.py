"""A look at Accredit: a shop's invoices, synthetic journeys for them, and a program that credits them."""
