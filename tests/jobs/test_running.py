"""Jobs do what they are asked exactly once, as somebody who may, whoever dies or comes meanwhile."""

from collections.abc import Callable
from datetime import timedelta

import polars as pl
import pytest
from django.utils import timezone

from accredit.access.models import Membership, Role
from accredit.conversions import validating
from accredit.conversions.listing import CONVERSIONS
from accredit.conversions.models import Conversion
from accredit.conversions.validation_job import asked_of, matching, start_validation
from accredit.jobs.models import Job, JobRow, State
from accredit.jobs.operations import NotPermitted, cancel, remove_old, resume
from accredit.jobs.running import take_turn
from accredit.programs.visibility import viewpoint
from tests.factories.people import Shop, open_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db: None) -> Shop:
    shop = open_shop()
    Job.objects.all().delete()
    return shop


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validating, "BATCH_CONVERSIONS", 2)


def never() -> bool:
    return False


def started(shop: Shop, who: str = "advertiser", address: str = "") -> Job:
    """Approve all open conversions that an address leaves."""
    user = shop.users[who]
    view = viewpoint(user, "anvils")
    rows = matching(view, CONVERSIONS.filters_from([tuple(part.split("=")) for part in address.split("&") if part]))  # type: ignore[misc]
    asked = asked_of(rows, status="approved", rejection_reason=None, comment=None)
    return start_validation(view, user, asked, said={"status": "approved"})


def now_of(job: Job) -> Job:
    job.refresh_from_db()
    return job


def statuses() -> dict[str, str]:
    return dict(Conversion.objects.order_by("order_token").values_list("order_token", "status"))


def test_all_that_match_are_approved_in_batches(shop: Shop) -> None:
    job = started(shop)
    assert (job.state, job.total, statuses()["1001"]) == (State.WAITING, 6, "open")
    assert take_turn(job.id, stopping=never) is False
    job = now_of(job)
    assert (job.state, job.done, job.rows, job.outcome) == (State.DONE, 6, 0, {"approved": 6, "unchanged": 0})
    assert set(statuses().values()) == {"approved"}


def test_what_comes_later_is_none_of_what_was_asked(shop: Shop) -> None:
    keys = matching(viewpoint(shop.users["owner"], "anvils"), CONVERSIONS.filters_from([("event", "sale")]))["id"]
    assert len(keys) == 6
    assert keys.to_list() == sorted(keys.to_list())


def test_a_row_that_did_not_change_is_kept_with_who_was_first(shop: Shop) -> None:
    first, second = started(shop, "owner", "order=1002"), started(shop)
    take_turn(first.id, stopping=never)
    take_turn(second.id, stopping=never)
    assert now_of(second).outcome == {"approved": 5, "unchanged": 1}
    row = JobRow.objects.get(job=second)
    assert (row.number, row.name, row.why) == (1, "1002", "validated")
    assert row.facts is not None
    assert (row.facts["changed_by"], row.facts["status"]) == ("Owner", "approved")


def test_a_turn_ends_for_others_and_the_next_goes_on(shop: Shop) -> None:
    job = started(shop)
    assert take_turn(job.id, stopping=never, seconds=-1) is True
    assert (now_of(job).state, job.done) == (State.RUNNING, 2)
    assert take_turn(job.id, stopping=lambda: True) is True
    assert (now_of(job).state, job.done) == (State.RUNNING, 4)
    assert take_turn(job.id, stopping=never) is False
    assert now_of(job).state == State.DONE


def test_a_job_that_is_cancelled_keeps_what_is_done_and_can_go_on(shop: Shop) -> None:
    job = started(shop)
    take_turn(job.id, stopping=never, seconds=-1)
    assert cancel(job, now=timezone.now())
    assert not cancel(job, now=timezone.now())
    assert take_turn(job.id, stopping=never) is False
    assert (now_of(job).state, job.done) == (State.CANCELLED, 2)
    assert sorted(statuses().values()) == ["approved"] * 2 + ["open"] * 4
    assert resume(job)
    assert not resume(job)
    take_turn(job.id, stopping=never)
    assert (now_of(job).state, job.outcome["approved"]) == (State.DONE, 6)


def test_a_batch_during_which_the_job_was_cancelled_is_taken_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    job = started(shop)
    write = validating.validate_batch

    def cancelled_meanwhile(*arguments: object, **more: object) -> object:
        planned = write(*arguments, **more)  # type: ignore[arg-type]
        cancel(job, now=timezone.now())
        return planned

    monkeypatch.setattr("accredit.conversions.validation_job.validate_batch", cancelled_meanwhile)
    assert take_turn(job.id, stopping=never) is False
    assert set(statuses().values()) == {"open"}


@pytest.mark.parametrize("who", ["viewer", "partner", "stranger"])
def test_who_may_not_starts_nothing(shop: Shop, who: str) -> None:
    view = viewpoint(shop.users["owner"], "anvils")
    asked = asked_of(
        pl.DataFrame({"id": ["x"], "decision": [1]}), status="approved", rejection_reason=None, comment=None
    )
    with pytest.raises(NotPermitted):
        start_validation(view, shop.users[who], asked)
    assert not Job.objects.exists()


def lose_the_role(shop: Shop) -> None:
    Membership.objects.filter(user=shop.users["advertiser"]).update(role=Role.VIEWER)


def leave(shop: Shop) -> None:
    Membership.objects.filter(user=shop.users["advertiser"]).delete()


def be_shut_out(shop: Shop) -> None:
    shop.users["advertiser"].is_active = False
    shop.users["advertiser"].save()


@pytest.mark.parametrize("happen", [lose_the_role, leave, be_shut_out])
def test_a_job_stops_where_its_user_may_no_longer(shop: Shop, happen: Callable[[Shop], None]) -> None:
    job = started(shop)
    take_turn(job.id, stopping=never, seconds=-1)
    happen(shop)
    assert take_turn(job.id, stopping=never) is False
    assert (now_of(job).state, job.failure, job.done) == (State.FAILED, "not_permitted", 2)
    assert sorted(statuses().values()) == ["approved"] * 2 + ["open"] * 4


def test_a_step_that_fails_is_told_and_can_be_continued(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    job = started(shop)
    take_turn(job.id, stopping=never, seconds=-1)
    with monkeypatch.context() as broken:
        broken.setattr("accredit.conversions.validation_job.rows_of", lambda rows: 1 / 0)
        take_turn(job.id, stopping=never)
    assert (now_of(job).state, job.failure, job.done) == (State.FAILED, "failed", 2)
    assert sorted(statuses().values()) == ["approved"] * 2 + ["open"] * 4
    resume(job)
    take_turn(job.id, stopping=never)
    assert now_of(job).outcome == {"approved": 6, "unchanged": 0}


def test_a_job_that_never_gets_further_is_given_up(shop: Shop) -> None:
    job = started(shop)
    Job.objects.update(attempts=5)  # a worker died each time
    assert take_turn(job.id, stopping=never) is False
    assert (now_of(job).state, job.failure) == (State.FAILED, "interrupted")


def test_old_jobs_are_removed(shop: Shop) -> None:
    done, unfinished = started(shop), started(shop, address="order=1001")
    take_turn(done.id, stopping=never)
    in_two_weeks = timezone.now() + timedelta(days=14)
    assert remove_old(in_two_weeks - timedelta(minutes=1)) == 0
    assert remove_old(in_two_weeks + timedelta(minutes=1)) == 1
    assert list(Job.objects.all()) == [unfinished]
