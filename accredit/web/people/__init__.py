"""People: signing in, one's own settings, members and invitations, keys, the audit log."""
