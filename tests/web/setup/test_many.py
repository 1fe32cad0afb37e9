import time

from accredit.programs.changing import setup_of
from tests.factories.installing import SHOP, install


def test_many(shop, as_):
    text = SHOP
    for n in range(500):
        text += f'\n[[partner]]\ncode = "p{n}"\nname = "Partner {n}"\n[[promo_code]]\ncode = "CODE{n}"\nmatch = "exact"\npartner = "p{n}"\npolicy = "always"\n[[contract]]\npartner = "p{n}"\n  [[contract.period]]\n  starts_at = 2026-01-01T00:00:00Z\n  terms = "standard"\n  version = 1\n'
    install(text)
    b = as_("advertiser")
    for a in ("/partners", "/promo-codes", "/program", f"/partners/{shop.keys['pa-barb']}", "/ads", "/history"):
        ts = []
        for _ in range(5):
            s = time.perf_counter()
            r = b.get(f"/programs/anvils/setup{a}")
            ts.append(time.perf_counter() - s)
            assert r.status_code == 200
        print(a, [round(x * 1000) for x in ts])
    s = time.perf_counter()
    r = b.post("/programs/anvils/setup/ads/new", {"code": "x", "name": "X", "landing_page": ""})
    print("save", r.status_code, round((time.perf_counter() - s) * 1000))
    s = time.perf_counter()
    v = setup_of("anvils")
    print("setup_of", round((time.perf_counter() - s) * 1000))
    import cProfile
    import pstats

    pr = cProfile.Profile()
    pr.enable()
    setup_of("anvils")
    pr.disable()
    pstats.Stats(pr).sort_stats("cumtime").print_stats(14)
