"""What was decided and what holds: conversions with their items, decisions and rates."""
