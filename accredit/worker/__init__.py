"""What happens behind the intake: booking what came in, and the periodic jobs."""
