"""What the broker acknowledged, and what it was asked when it died: the books of one writer.

An entry belongs to one writer, which has one request in flight at most, so what is true of an entry is known exactly
but for that one request. `pending` names it: "" when everything about the entry was acknowledged.
"""


class User:
    def __init__(self, login, password):
        self.login = login
        self.password = password
        self.new_password = ""    # asked for, not acknowledged
        self.former = []          # passwords that must not work any more
        self.is_enabled = True
        self.pending = "add"
        self.lines = []
        self.codes = []           # Redemption: codes that were given out, and not yet turned into a line
        self.touched = True

    def end_lines(self):
        for line in self.lines:
            line.is_alive = False
        self.codes.clear()        # whoever is disabled, or has a new password, redeems no code from before


class Redemption:
    def __init__(self, code, verifier):
        self.code = code
        self.verifier = verifier
        self.was_sent = False


class Line:
    """A session: one line of refresh tokens, of which only the last may work."""

    def __init__(self, tokens):
        self.current = tokens["refresh_token"]
        self.previous = []
        self.access = [tokens["access_token"]]
        self.revoked = []         # access tokens that must stay inactive
        self.is_alive = True
        self.pending = ""         # refresh, race, end
        self.pending_since = 0.0
        self.spent_code = None    # the redemption it came from: a second one must fail and end the line
        self.touched = True

    def rotate(self, tokens):
        self.previous.append(self.current)
        self.current = tokens["refresh_token"]
        self.access = self.access[-3:] + [tokens["access_token"]]
        self.pending = ""


class Client:
    def __init__(self, client_id):
        self.client_id = client_id
        self.secret = ""
        self.pending = "add"
        self.touched = True


class Books:
    def __init__(self):
        self.users = []
        self.clients = []
        self.acknowledged = 0
        self.unanswered = 0
        self.violations = []

    def lines(self):
        return [(user, line) for user in self.users for line in user.lines]
