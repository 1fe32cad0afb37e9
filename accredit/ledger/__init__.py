"""Double entry: what the advertiser owes and partners earned, as postings that are never changed."""
