"""E-mails: sent through Django's backend, or kept for the demo's mailbox."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from smtplib import SMTPException

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from accredit.access.models import Mail

log = logging.getLogger(__name__)


class KeepInMailbox(BaseEmailBackend):
    """Django's way to send, for the demo: every e-mail is kept for its mailbox, and none leaves."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep them; returns how many they are."""
        now = datetime.now(UTC)
        kept = [
            Mail(to=", ".join(one.to), subject=str(one.subject), text=str(one.body), sent_at=now)
            for one in email_messages
        ]
        return len(Mail.objects.bulk_create(kept))


def deliver(*, to: str, subject: str, text: str) -> bool:
    """Send an e-mail now; call it outside of transactions. False where the server did not take it: the log says why."""
    try:
        return bool(EmailMessage(subject=" ".join(subject.split()), body=text, to=[to]).send())
    except (SMTPException, OSError) as error:
        log.warning("An e-mail could not be sent: %s. Check ACCREDIT_SMTP_URL", error)
        return False


def mailbox(limit: int = 50) -> Sequence[Mail]:
    """What the demo kept, newest first."""
    return list(Mail.objects.order_by("-id")[:limit])
