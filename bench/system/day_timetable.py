"""The hours of a day, compressed: what happens in each, how often, and what the operator does in it."""


class Phase:
    def __init__(self, name, seconds, acts=(), **rates):
        self.name, self.seconds, self.rates = name, seconds, {kind.replace("_", "-"): rate for kind, rate in rates.items() if rate > 0}
        self.acts = acts  # (share of the phase, what the operator does then)

    def line(self):
        return f"phase {self.name} {self.seconds:.3f} " + " ".join(f"{kind}={rate:.3f}" for kind, rate in self.rates.items()) + "\n"


# Users whom the shift lets in each second: two thirds of what one core of the broker can, beside a third of the validations.
SHIFT_RATE = 100


def shift(users, validations, seconds=0):
    seconds = seconds or users / SHIFT_RATE
    # What is left over at the end is for those who came last.
    return Phase("shift", seconds + 2, sign_in=1.1 * users / seconds, validate=validations / 3)


def steady(users, migrants):
    """What goes on all day beside validation, for as many users as one core serves."""
    often = min(users / 60, 200)
    return {"keys": often, "profile": often, "publish": often, "hand_over": min(users / 400, 10), "dismiss": 0.3,
            "vector": min(max(2, migrants / 60), 50)}


def day(users, migrants, seconds, validations, shift_seconds=0):
    """`seconds`: what comes after the shift."""
    usual = steady(users, migrants)
    storm = 0.3 * seconds
    return [
        shift(users, validations, shift_seconds),
        Phase("mission", 0.35 * seconds, validate=validations, **usual),
        Phase("key-period", 0.2 * seconds, validate=validations, **(usual | {"keys": min(1.1 * users / (0.2 * seconds), 1000)})),
        Phase("storm", storm, [(0.0, "set up at the partner"), (0.1, "attack"), (0.4, "kill")], validate=validations, stuff=20,
              **(usual | {"vector": min(1.5 * migrants / storm, 1000)})),
        Phase("evening", 0.15 * seconds, validate=validations / 2, vector=usual["vector"]),
    ]


def soak(users, migrants, seconds, validations):
    """Everybody signs in, then the same for as long as is asked."""
    return [shift(users, validations), Phase("mission", seconds, validate=validations, **steady(users, migrants))]
