"""`make soak`: traffic, and faults at random, until there were enough; then the proof."""

import argparse
import random
import sys
import threading
import time
from collections import Counter
from itertools import chain, islice

from soak.proving import faults_found, wait_until_booked
from soak.stack import Stack
from soak.traffic import Client, Memory

KILLS = ("tracker", "worker", "PostgreSQL")
"""What `--kills` counts, and what most faults are; the others come beside them."""
SHOWN = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m soak", description="Load and faults at once, and the proof")
    parser.add_argument("--kills", type=int, default=200, help=f"how often one of these is killed: {', '.join(KILLS)}")
    parser.add_argument("--minutes", type=float, default=20, help="at most this long")
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--pause", type=float, default=0.001, help="seconds between two calls of a client")
    parser.add_argument(
        "--seed", type=int, default=None, help="repeats the choices of a run; times differ all the same"
    )
    arguments = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if arguments.seed is None else arguments.seed
    print(f"Seed {seed}", flush=True)
    found, memory, faults = soak(
        kills=arguments.kills, minutes=arguments.minutes, clients=arguments.clients, pause=arguments.pause, seed=seed
    )
    if "a full disk" not in faults:
        print("The disk was not filled: that needs root, and a disk of its own for the run.")
    print("Faults:", ", ".join(f"{times} × {name}" for name, times in sorted(faults.items())))
    print("Answers:", ", ".join(f"{times:,} × {name}" for name, times in sorted(memory.answers.items())))
    taken = sum(order.taken is not None for order in memory.orders.values())
    print(f"{len(memory.clicks):,} clicks and {taken:,} orders were answered; so many findings: {len(found)}")
    for finding in found[:SHOWN]:
        print(f"  {finding}")
    if sum(faults[name] for name in KILLS) < arguments.kills:
        print(f"The time was up before {arguments.kills} kills.")
        return 1
    return 1 if found else 0


def soak(
    *, kills: int, minutes: float, clients: int, pause: float, seed: int
) -> tuple[list[str], Memory, Counter[str]]:
    """Run it. Returns what was found wrong, what the clients remember, and how often each fault was done."""
    chance = random.Random(seed)
    done: Counter[str] = Counter()
    stack = Stack()
    ending = threading.Event()
    try:
        stack.start()
        people = [
            Client(f"client{number}", stack.ports, stack.key, chance.randrange(1 << 32), ending, pause)
            for number in range(clients)
        ]
        for one in people:
            one.start()
        faults = stack.faults()
        deadline = time.monotonic() + 60 * minutes
        names = chain(faults, iter(lambda: chance.choice(KILLS if chance.random() < 0.9 else list(faults)), None))
        for name in names:  # each fault once, and from then on at random
            if time.monotonic() > deadline or sum(done[kill] for kill in KILLS) >= kills:
                break
            time.sleep(chance.uniform(0.2, 1.2))
            faults[name](chance)
            done[name] += 1
            if sys.stdout.isatty():
                print(f"\r{sum(done.values())} faults ", end="", flush=True)
            stack.revive()
        stack.wait_for_answers()
        time.sleep(0.5)
        ending.set()
        memory = Memory()
        for one in people:
            one.join()
            memory.merge(one.memory)
        stack.revive()
        with stack.owner() as connection:
            wait_until_booked(connection)
            stack.stop_workers()
            found = list(islice(faults_found(connection, memory), 1000))
        return found, memory, done
    finally:
        ending.set()
        stack.end()


if __name__ == "__main__":
    sys.exit(main())
