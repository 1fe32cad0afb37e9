"""What came in and is not booked, and the words for customers that came with it."""
