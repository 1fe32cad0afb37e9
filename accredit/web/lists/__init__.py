"""The pages of lists: what every declared list answers alike."""
