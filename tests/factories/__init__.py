"""Small builders: readable tables in, program values, facts and frames out."""
