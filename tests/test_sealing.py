"""Sealed secrets open with their own key only."""

import pytest

from accredit.sealing import SealBroken, seal, unseal


def test_what_is_sealed_opens_with_its_key_alone() -> None:
    sealed = seal("sesam öffne dich", "a" * 50)
    assert "sesam" not in sealed
    assert unseal(sealed, "a" * 50) == "sesam öffne dich"
    with pytest.raises(SealBroken):
        unseal(sealed, "b" * 50)
    with pytest.raises(SealBroken):
        unseal(sealed[:-4] + "AAAA", "a" * 50)
