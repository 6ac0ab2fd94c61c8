"""A writer: a thread's worth of people and operators who write at the broker and keep books of what it acknowledged.

write() goes on until the broker dies; check() compares the books with what the broker says after its restart.
"""

import time

import wire
from ledger import Books, Client, Line, Redemption, User
from user_agent import Refused, UserAgent, claims_of, new_verifier

# The broker's grace for a refresh whose answer was lost is 10 s; on a busy machine half of it may pass before we ask.
GRACE_SECONDS = 5
# Entries of earlier rounds that are looked at again in a round, beside all that this round touched.
SAMPLE = 12
LINE_SAMPLE = 1
BUSY = (429, 503)


class Writer:
    def __init__(self, system, name):
        self.name = name
        self.books = Books()
        self.agent = UserAgent(system, wire.https(system))
        self.rival = UserAgent(system, wire.https(system))
        self.admin = wire.Admin(system)
        self.random = None
        self.count = 0

    # Writing -----------------------------------------------------------------------------------------------------

    def write(self, random, stop):
        """Until the connection breaks. `stop` is set once the broker was killed: nothing is begun afterwards."""
        self.random = random
        for entry in self.books.users + self.books.clients + [line for _, line in self.books.lines()]:
            entry.touched = False
        acts = [(self.add_user, 10), (self.sign_in, 25), (self.refresh, 40), (self.race, 4), (self.revoke_access, 8),
                (self.end_line, 5), (self.set_password, 4), (self.disable, 3), (self.enable, 3), (self.add_client, 4)]
        choices, weights = zip(*acts)
        try:
            while not stop.is_set():
                random.choices(choices, weights)[0]()
        except (wire.ConnectionLost, ConnectionError):
            self.books.unanswered += 1

    def hang_up(self):
        for connection in (self.agent.connection, self.rival.connection, self.admin):
            connection.close()

    def violation(self, text):
        self.books.violations.append(f"{self.name}: {text}")

    def done(self, answer, wanted, what):
        """True: acknowledged. Overload is an honest answer; the entry stays pending, as after a lost one."""
        if answer.status in wanted:
            self.books.acknowledged += 1
            return True
        if answer.status not in BUSY:
            self.violation(f"{what}: {answer}")
        return False

    def new_name(self, kind):
        self.count += 1
        return f"{kind}-{self.name}-{self.count}"

    def pick_user(self, is_enabled=True):
        users = [user for user in self.books.users[-30:] if not user.pending and user.is_enabled == is_enabled]
        return self.random.choice(users) if users else None

    def pick_line(self):
        lines = [(user, line) for user in self.books.users[-30:] if not user.pending for line in user.lines
                 if line.is_alive and not line.pending]
        if not lines:
            return None
        user, line = self.random.choice(lines)
        user.touched = line.touched = True
        return line

    def add_user(self):
        user = User(self.new_name("user"), f"pw {self.random.getrandbits(64):x}")
        self.books.users.append(user)
        if self.done(self.ask_to_add(user), (200, 201), f"user add {user.login}"):
            user.pending = ""

    def ask_to_add(self, user):
        return self.admin.of_tenant("POST", "/users", {
            "login": user.login, "password": user.password, "mc_id": f"sip:{user.login}@alpha.example",
            "mcptt_id": f"sip:{user.login}.ptt@alpha.example"})

    def sign_in(self):
        user = self.pick_user()
        if user is None:
            return
        user.touched = True
        verifier = new_verifier()
        try:
            redemption = Redemption(self.agent.code(user.login, user.password, verifier), verifier)
        except Refused as refused:
            self.done(refused.answer, (), f"sign-in of {user.login}")
            return
        user.codes.append(redemption)
        redemption.was_sent = True
        answer = self.agent.redeem(redemption.code, verifier)
        if self.done(answer, (200,), f"code of {user.login}"):
            self.add_line(user, redemption, answer.json())

    def add_line(self, user, redemption, tokens):
        user.codes.remove(redemption)
        line = Line(tokens)
        line.spent_code = redemption
        user.lines.append(line)

    def refresh(self):
        line = self.pick_line()
        if line is None:
            return
        line.pending, line.pending_since = "refresh", time.monotonic()
        answer = self.agent.refresh(line.current)
        if self.done(answer, (200,), "refresh"):
            line.rotate(answer.json())

    def race(self):
        """The same token twice at once: one rotation, and the same successor for the one who came second."""
        line = self.pick_line()
        if line is None:
            return
        line.pending, line.pending_since = "race", time.monotonic()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = "&".join(f"{name}={value}" for name, value in self.agent.refreshing(line.current).items())
        agents = (self.agent, self.rival)
        for agent in agents:
            agent.connection.send("POST", f"{agent.prefix}/token", form, body)
        first, second = (agent.connection.receive() for agent in agents)
        good = [answer for answer in (first, second) if self.done(answer, (200,), "racing refresh")]
        if len({answer.json()["refresh_token"] for answer in good}) > 1:
            self.violation("two successors of one refresh token")
        if good:
            line.rotate(good[0].json())

    def revoke_access(self):
        line = self.pick_line()
        if line is None or not line.access:
            return
        token = line.access.pop()
        if self.done(self.agent.revoke(token), (200,), "revocation of an access token"):
            line.revoked.append(token)

    def end_line(self):
        line = self.pick_line()
        if line is None:
            return
        line.pending = "end"
        if self.done(self.agent.revoke(line.current), (200,), "revocation of a refresh token"):
            line.is_alive, line.pending = False, ""

    def set_password(self):
        user = self.pick_user()
        if user is None:
            return
        user.touched, user.pending, user.new_password = True, "password", f"pw {self.random.getrandbits(64):x}"
        answer = self.admin.of_tenant("PUT", f"/users/{user.login}/password", {"password": user.new_password})
        if self.done(answer, (200, 204), f"set-password {user.login}"):
            self.take_new_password(user)

    def take_new_password(self, user):
        user.former.append(user.password)
        user.password, user.new_password, user.pending = user.new_password, "", ""
        user.end_lines()

    def disable(self):
        user = self.pick_user()
        if user is None:
            return
        user.touched, user.pending = True, "disable"
        if self.done(self.admin.of_tenant("POST", f"/users/{user.login}/disable"), (200, 204), f"disable {user.login}"):
            user.is_enabled, user.pending = False, ""
            user.end_lines()

    def enable(self):
        user = self.pick_user(is_enabled=False)
        if user is None:
            return
        user.touched, user.pending = True, "enable"
        if self.done(self.admin.of_tenant("POST", f"/users/{user.login}/enable"), (200, 204), f"enable {user.login}"):
            user.is_enabled, user.pending = True, ""

    def add_client(self):
        client = Client(self.new_name("client"))
        self.books.clients.append(client)
        answer = self.admin.of_tenant("POST", "/clients", {
            "client_id": client.client_id, "authentication": "client_secret_basic", "grants": ["client_credentials"]})
        if self.done(answer, (200, 201), f"client add {client.client_id}"):
            client.pending, client.secret = "", answer.json()["client_secret"]

    # Checking ----------------------------------------------------------------------------------------------------

    def check(self, random, everything=False):
        """After a restart; nobody kills now, so a lost connection is a violation, too."""
        self.random = random
        try:
            for client in self.chosen(self.books.clients, everything):
                self.check_client(client)
            for user in self.chosen(self.books.users, everything):
                self.check_user(user, everything)
        except (wire.ConnectionLost, ConnectionError) as lost:
            self.violation(f"the restarted broker does not answer: {lost}")
        except (KeyError, ValueError) as malformed:
            self.violation(f"malformed answer: {malformed!r}")

    def chosen(self, entries, everything, sample=SAMPLE):
        touched = [entry for entry in entries if everything or entry.touched or entry.pending]
        others = [entry for entry in entries if entry not in touched]
        return touched + self.random.sample(others, min(sample, len(others)))

    def check_client(self, client):
        answer = self.admin.of_tenant("GET", f"/clients/{client.client_id}")
        if client.pending:  # it is there as a whole or not at all; its secret was never told
            if answer.status not in (200, 404):
                self.violation(f"client show {client.client_id}: {answer}")
            self.books.clients.remove(client)
        elif answer.status != 200:
            self.violation(f"client {client.client_id} was acknowledged and is lost: {answer}")
        elif (issued := self.agent.client_credentials(client.client_id, client.secret)).status != 200:
            self.violation(f"client {client.client_id}: its secret does not work: {issued}")

    def check_user(self, user, everything):
        answer = self.admin.of_tenant("GET", f"/users/{user.login}")
        if user.pending == "add":
            if answer.status == 404:  # then nothing of it may be left in the way of the same name
                again = self.ask_to_add(user)
                if again.status not in (200, 201):
                    self.violation(f"user {user.login} is not there and cannot be added: {again}")
                    self.books.users.remove(user)
                    return
            elif answer.status != 200:
                self.violation(f"user {user.login}: {answer}")
            user.pending = ""
        elif answer.status != 200:
            self.violation(f"user {user.login} was acknowledged and is lost: {answer}")
            return
        else:
            self.settle_user(user, answer.json()["enabled"])
        self.check_sign_in(user)
        self.check_codes(user)
        for line in self.chosen(user.lines, everything, LINE_SAMPLE):
            self.check_line(user, line)
        self.check_sessions(user)

    def settle_user(self, user, is_enabled):
        """The one request that was in flight: done as a whole or not at all."""
        if user.pending in ("disable", "enable"):
            if user.pending == "disable" and not is_enabled:
                user.end_lines()
            user.is_enabled, user.pending = is_enabled, ""
        elif user.pending == "password":
            if self.signs_in(user, user.new_password):
                self.take_new_password(user)
            else:
                user.pending, user.new_password = "", ""
        if is_enabled != user.is_enabled:
            self.violation(f"user {user.login}: acknowledged as {'enabled' if user.is_enabled else 'disabled'}, is not")
            user.is_enabled = is_enabled

    def signs_in(self, user, password):
        """A code is enough: it is made after the password was accepted."""
        verifier = new_verifier()
        try:
            user.codes.append(Redemption(self.agent.code(user.login, password, verifier), verifier))
        except Refused as refused:
            if refused.answer.status >= 500:
                self.violation(f"sign-in of {user.login}: {refused.answer}")
            return False
        return True

    def check_sign_in(self, user):
        if self.signs_in(user, user.password) != user.is_enabled:
            self.violation(f"user {user.login} is {'enabled' if user.is_enabled else 'disabled'}, the password says otherwise")
        if user.former and user.is_enabled and self.signs_in(user, self.random.choice(user.former)):
            self.violation(f"user {user.login}: a former password works")

    def check_codes(self, user):
        for redemption in list(user.codes):
            answer = self.agent.redeem(redemption.code, redemption.verifier)
            if answer.status == 200:
                self.add_line(user, redemption, answer.json())
            elif answer.error() == "invalid_grant" and redemption.was_sent:
                user.codes.remove(redemption)
            else:
                self.violation(f"a code of {user.login} that was given out does not work: {answer}")
                user.codes.remove(redemption)

    def check_line(self, user, line):
        self.settle_line(line)
        for token in line.revoked:
            self.expect_inactive(token, "a revoked access token")
        line.revoked = line.revoked[-4:]
        if not line.is_alive:
            self.expect_dead(line, f"ended, of {user.login}")
            user.lines.remove(line)
            return
        if line.access and not self.agent.introspect(line.access[-1]).json().get("active"):
            self.violation(f"an access token of {user.login} is inactive, its session was never ended")
        chance = self.random.random()
        if chance < 0.15 and line.previous:
            self.replay(user, line)
        elif chance < 0.2 and line.spent_code:
            self.redeem_again(user, line)
        else:
            self.rotate(user, line)

    def settle_line(self, line):
        if not line.pending or not line.is_alive:  # whoever ended it meanwhile ended what was in flight, too
            return
        kind, line.pending = line.pending, ""
        is_in_time = time.monotonic() - line.pending_since < GRACE_SECONDS
        if self.goes_on(line):
            return
        line.is_alive = False
        # Two at once have used the grace up if the broker saw both, and an end may have been done.
        if kind == "refresh" and is_in_time:
            sid = claims_of(line.access[-1])["sid"] if line.access else "?"
            self.violation(f"a refresh whose answer was lost cannot be repeated, session {sid}")

    def goes_on(self, line):
        answer = self.agent.refresh(line.current)
        if answer.status == 200:
            line.rotate(answer.json())
            return True
        if answer.error() != "invalid_grant":
            self.violation(f"refresh after the restart: {answer}")
        return False

    def rotate(self, user, line):
        if not self.goes_on(line):
            self.violation(f"the latest refresh token of {user.login} does not work")
            line.is_alive = False

    def replay(self, user, line):
        """An old refresh token, never the one just before: refused, and the whole line with it."""
        before = line.current
        self.rotate(user, line)
        if line.is_alive and before != line.current:
            self.expect_replay_refused(user, line, self.random.choice(line.previous[:-1]))

    def expect_replay_refused(self, user, line, token):
        answer = self.agent.refresh(token)
        if answer.error() != "invalid_grant":
            self.violation(f"an old refresh token of {user.login} works: {answer}")
        self.expect_dead(line, f"reused, of {user.login}")
        user.lines.remove(line)

    def redeem_again(self, user, line):
        answer = self.agent.redeem(line.spent_code.code, line.spent_code.verifier)
        if answer.error() != "invalid_grant":
            self.violation(f"a code of {user.login} works twice: {answer}")
        # RFC 6749 clause 4.1.2; a code that has expired meanwhile is forgotten, and ends nothing.
        line.spent_code = None
        if not self.goes_on(line):
            line.is_alive = False
            self.expect_dead(line, f"of a code used twice, of {user.login}")
            user.lines.remove(line)

    def expect_dead(self, line, what):
        answer = self.agent.refresh(line.current)
        if answer.error() != "invalid_grant":
            self.violation(f"a refresh token of a line that is {what} works: {answer}")
        for token in line.access[-2:]:
            self.expect_inactive(token, f"an access token of a line that is {what}")

    def expect_inactive(self, token, what):
        answer = self.agent.introspect(token)
        if answer.status != 200 or answer.json() != {"active": False}:
            self.violation(f"{what} is not inactive: {answer}")

    def check_sessions(self, user):
        """Each line is one session, and there is no session beside the lines."""
        active, after = [], ""
        while True:
            listed = self.admin.of_tenant("GET", f"/users/{user.login}/sessions?limit=200{after}")
            if listed.status != 200:
                self.violation(f"session list {user.login}: {listed}")
                return
            page = listed.json()
            active += [item["sid"] for item in page["items"] if item["state"] == "active"]
            if "next" not in page:
                break
            after = f"&after={page['next']}"
        alive = [claims_of(line.access[-1])["sid"] for line in user.lines if line.is_alive and line.access]
        if missing := set(alive) - set(active):
            self.violation(f"sessions of {user.login} that work are not listed: {missing}")
        if len(active) != len(set(active)):
            self.violation(f"a session of {user.login} is listed twice: {active}")
