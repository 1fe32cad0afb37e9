"""Who wants no e-mails about what: a switch of everybody's own, for each topic of each program."""

from django.db.models import Exists, OuterRef

from accredit.access.models import User
from accredit.programs.models import Program, Silence, Topic


def is_silent(user: User, program: Program, topic: Topic) -> bool:
    """Whether a user wants no e-mails about a topic."""
    return Silence.objects.filter(user=user, program=program, topic=topic).exists()


def be_silent(user: User, program: Program, topic: Topic) -> None:
    """Send this user no more of them."""
    Silence.objects.bulk_create([Silence(user=user, program=program, topic=topic)], ignore_conflicts=True)


def speak_again(user: User, program: Program, topic: Topic) -> bool:
    """Send them again; whether they were switched off."""
    return bool(Silence.objects.filter(user=user, program=program, topic=topic).delete()[0])


def silent(program: Program, topic: Topic) -> Exists:
    """Of a query for users: those who want none."""
    return Exists(Silence.objects.filter(user=OuterRef("pk"), program=program, topic=topic))
