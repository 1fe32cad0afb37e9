import pytest

from tests.factories.implementations import ENGINE, REFERENCE, Implementation


@pytest.fixture(params=[REFERENCE, ENGINE], ids=lambda one: one.name)
def implementation(request: pytest.FixtureRequest) -> Implementation:
    """Each case runs against both."""
    chosen: Implementation = request.param
    return chosen
