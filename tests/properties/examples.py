"""How many examples: a fixed two thousand by default, new ones and twenty times as many in a longer run.

pytest tests/properties --hypothesis-profile long
"""

from hypothesis import HealthCheck, settings

LONGER = 20


def examples(count: int) -> settings:
    long = settings.get_current_profile_name() == "long"
    return settings(
        max_examples=count * LONGER if long else count,
        derandomize=not long,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
