"""The hours of a day, compressed: what happens in each, how often, and what the operator does in it."""


class Phase:
    def __init__(self, name, seconds, acts=(), **rates):
        self.name, self.seconds, self.rates = name, seconds, {kind.replace("_", "-"): rate for kind, rate in rates.items() if rate > 0}
        self.acts = acts  # (share of the phase, what the operator does then)

    def line(self):
        return f"phase {self.name} {self.seconds:.3f} " + " ".join(f"{kind}={rate:.3f}" for kind, rate in self.rates.items()) + "\n"


def day(users, migrants, seconds, validations):
    """`seconds` in all, of which the shift takes what its sign-ins need; `validations` a second while nothing is wrong."""
    part = seconds / 60
    steady = {"keys": users / 60 / part, "profile": users / 60 / part, "publish": users / 60 / part,
              "hand_over": users / 400 / part, "dismiss": max(0.2, users / 20000) / part, "vector": migrants / 60 / part}
    return [
        Phase("shift", 16 * part, sign_in=1.1 * users / (16 * part), validate=validations / 3),
        Phase("mission", 14 * part, validate=validations, **steady),
        Phase("key-period", 8 * part, validate=validations, **(steady | {"keys": 1.1 * users / (8 * part)})),
        Phase("storm", 14 * part, [(0.0, "set up at the partner"), (0.1, "attack"), (0.4, "kill")], validate=validations,
              stuff=20, **(steady | {"vector": 1.1 * migrants / (8 * part)})),
        Phase("evening", 8 * part, validate=validations / 2, vector=migrants / 60 / part),
    ]


def soak(users, migrants, seconds, validations):
    """Everybody signs in, then the same for an hour."""
    shift = max(20, users / 150)
    return [
        Phase("shift", shift, sign_in=1.1 * users / shift, validate=validations / 3),
        Phase("mission", seconds, validate=validations, keys=users / 60, profile=users / 60, publish=users / 60, hand_over=users / 600,
              vector=migrants / 60),
    ]
