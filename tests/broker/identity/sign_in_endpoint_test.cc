// The login form comes back: codes, refusals, throttling, races, full queues, drops.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "broker/identity/authorization_code.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;
constexpr std::string_view kSignIn = "/idms/v1/alpha/sign-in";

struct SignInForm : ::testing::Test {
  Testbed bed;
  User ann = bed.add_user();
  Client app = bed.add_public_client();
  std::string interaction;
  std::string cookie;

  void begin(const std::string& query = authorize_query("app")) {
    const Reply page = bed.send(get("/idms/v1/alpha/authorize?" + query));
    interaction = hidden_interaction(page.body);
    cookie = page.header("set-cookie");
    cookie = cookie.substr(0, cookie.find(';'));
  }
  Sent form(std::string_view login, std::string_view password, std::string extra = {}) {
    Sent sent = post_form(std::string(kSignIn), "interaction=" + interaction + "&username=" + escaped(login) +
                                                    "&password=" + escaped(password) + extra);
    sent.fields.emplace_back(http::Field::Cookie, cookie);
    return sent;
  }
  Reply submit(std::string_view login, std::string_view password) { return bed.send(form(login, password)); }
  Reply submit_json(std::string_view login, std::string_view password) {
    Sent sent = form(login, password);
    sent.fields.emplace_back(http::Field::Accept, "application/json");
    return bed.send(sent);
  }
  void SetUp() override { begin(); }
};

TEST_F(SignInForm, ARightPasswordGetsACode) {
  const Reply reply = submit("ann", "correct horse");
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(reply.cache_control, "no-store");
  EXPECT_TRUE(reply.header("location").starts_with(std::string(kRedirect) + "?code="));
  EXPECT_EQ(reply.redirected("code").size(), 43U);
  EXPECT_EQ(reply.redirected("state"), "st&te");
  EXPECT_EQ(reply.redirected("iss"), kIssuer);
  EXPECT_EQ(bed.context()->figures->sign_ins_passed.read(), 1U);
}

TEST_F(SignInForm, TheLoginIsCanonicalised) { EXPECT_EQ(submit("  ANN ", "correct horse").status, 302); }

TEST_F(SignInForm, AnswersByFormPostWhereAskedFor) {
  begin(authorize_query("app") + "&response_mode=form_post");
  const Reply reply = submit("ann", "correct horse");
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find("name=\"code\" value=\""), std::string::npos);
  EXPECT_NE(reply.header("content-security-policy").find("https://app.example"), std::string::npos);
}

TEST_F(SignInForm, AWrongPasswordAndAnUnknownUserLookTheSame) {
  const Reply wrong = submit("ann", "wrong");
  const Reply unknown = submit("eve", "wrong");
  EXPECT_EQ(wrong.status, 200);
  EXPECT_EQ(unknown.status, 200);
  EXPECT_NE(wrong.body.find("role=\"alert\""), std::string::npos);
  std::string as_if = unknown.body;
  as_if.replace(as_if.find("value=\"eve\""), 11, "value=\"ann\"");
  EXPECT_EQ(wrong.body, as_if);
  EXPECT_EQ(hidden_interaction(wrong.body), interaction);
  EXPECT_EQ(submit("ann", "correct horse").status, 302);  // the same form goes on
  EXPECT_EQ(bed.context()->figures->sign_ins_failed.read(), 2U);
}

TEST_F(SignInForm, WrongPasswordsAsJsonAre401) {
  const Reply reply = submit_json("ann", "wrong");
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.member("error"), "access_denied");
  EXPECT_EQ(submit_json("ann", "correct horse").status, 302);
}

TEST_F(SignInForm, NamesAndPasswordsThatNobodyCanHave) {
  for (const auto& [login, password] : std::vector<std::pair<std::string, std::string>>{
           {"", "x"}, {"ann", ""}, {std::string(300, 'a'), "x"}, {"ann", std::string(1025, 'p')}, {"a\nb", "x"}}) {
    const Reply reply = submit(login, password);
    EXPECT_EQ(reply.status, 200) << login;
    EXPECT_NE(reply.body.find("role=\"alert\""), std::string::npos);
  }
}

TEST_F(SignInForm, ADisabledUserIsToldOnlyWithTheRightPassword) {
  ASSERT_TRUE(bed.wait(disable_user(bed.context(), "alpha", ann.sub)));
  EXPECT_EQ(submit("ann", "wrong").status, 200);
  const Reply denied = submit("ann", "correct horse");
  EXPECT_EQ(denied.status, 302);
  EXPECT_EQ(denied.redirected("error"), "access_denied");
  EXPECT_EQ(denied.redirected("state"), "st&te");
}

TEST_F(SignInForm, AUserWithoutAPasswordCannotSignIn) {
  UserDraft draft;
  draft.login = "bob";
  ASSERT_TRUE(bed.wait(create_user(bed.context(), "alpha", std::move(draft))));
  EXPECT_EQ(submit("bob", "anything").status, 200);
}

TEST_F(SignInForm, CancelSendsAccessDenied) {
  const Reply reply = bed.send(form("", "", "&action=cancel"));
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(reply.redirected("error"), "access_denied");
}

TEST_F(SignInForm, NothingComesOfACancelledOne) {
  bed.send(form("", "", "&action=cancel"));
  const Reply late = submit("ann", "correct horse");
  EXPECT_EQ(late.status, 400);
  EXPECT_EQ(late.header("location"), "");
  EXPECT_EQ(bed.send(form("", "", "&action=cancel")).status, 400) << "once";
  begin();
  EXPECT_EQ(submit("ann", "correct horse").redirected("code").size(), 43U);
}

TEST_F(SignInForm, NothingOfWhatWasAskedForIsHis) {
  begin(authorize_query("app", "openid 3gpp:mc:video_service"));  // Ann has no MCVideo ID
  const Reply reply = submit("ann", "correct horse");
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(reply.redirected("error"), "invalid_scope");
}

// spec 4.3: "login form: bad/expired interaction or CSRF mismatch | page 400"

TEST_F(SignInForm, ABadInteractionIsAPage) {
  const std::string good = interaction;
  for (const std::string& bad : {std::string(), std::string("x"), good.substr(1), good + "A"}) {
    interaction = bad;
    const Reply reply = submit("ann", "correct horse");
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.header("location"), "");
  }
}

TEST_F(SignInForm, AnExpiredInteractionIsAPage) {
  bed.clock().advance(600s);
  EXPECT_EQ(submit("ann", "correct horse").status, 400);
}

TEST_F(SignInForm, AnotherBrowsersInteractionIsAPage) {
  const std::string own = interaction;
  begin();  // another cookie
  interaction = own;
  EXPECT_EQ(submit("ann", "correct horse").status, 400);
  cookie = "";
  EXPECT_EQ(submit("ann", "correct horse").status, 400);
  cookie = "__Host-claviger-interaction=x; __Host-claviger-interaction=y";
  EXPECT_EQ(submit("ann", "correct horse").status, 400);
}

TEST_F(SignInForm, AnInteractionIsGoodOnce) {
  EXPECT_EQ(submit("ann", "correct horse").status, 302);
  const Reply again = submit("ann", "correct horse");
  EXPECT_EQ(again.status, 400);
  EXPECT_EQ(again.header("location"), "");
}

// The code's record says that its interaction was used: also when the code was redeemed, or has died.
TEST_F(SignInForm, AnInteractionIsGoodOnceWhateverBecameOfItsCode) {
  const std::string code = submit("ann", "correct horse").redirected("code");
  bed.clock().advance(61s);  // the code is dead
  EXPECT_EQ(submit("ann", "correct horse").status, 400);
  EXPECT_EQ(bed.send(form("", "", "&action=cancel")).status, 400);
  begin();
  const std::string redeemed = submit("ann", "correct horse").redirected("code");
  EXPECT_EQ(bed.send(post_form("/idms/v1/alpha/token", "grant_type=authorization_code&client_id=app&code=" + redeemed +
                                                           "&redirect_uri=" + escaped(kRedirect) +
                                                           "&code_verifier=" + std::string(kVerifier)))
                .status,
            200);
  EXPECT_EQ(submit("ann", "correct horse").status, 400);
  EXPECT_NE(code, redeemed);
}

// Its life is the interaction's, where that is longer than what is kept of a redeemed code.
TEST_F(SignInForm, AnInteractionOfHoursIsGoodOnce) {
  bed.settings().lifetimes.interaction = 7200s;
  bed.publish();
  begin();
  const std::string code = submit("ann", "correct horse").redirected("code");
  bed.send(post_form("/idms/v1/alpha/token", "grant_type=authorization_code&client_id=app&code=" + code +
                                                 "&redirect_uri=" + escaped(kRedirect) +
                                                 "&code_verifier=" + std::string(kVerifier)));
  bed.clock().advance(7100s);
  EXPECT_EQ(submit("ann", "correct horse").status, 400);
}

TEST_F(SignInForm, OfTwoSubmissionsAtOnceOneGetsACode) {
  const auto replies = bed.send_together({form("ann", "correct horse"), form("ann", "correct horse")});
  EXPECT_EQ(std::ranges::count(replies, 302, &Reply::status), 1);
  EXPECT_EQ(std::ranges::count(replies, 400, &Reply::status), 1);
}

TEST_F(SignInForm, AClientDisabledMeanwhileGetsNothing) {
  ASSERT_TRUE(bed.wait(set_client_enabled(bed.context(), "alpha", "app", false)));
  EXPECT_EQ(submit("ann", "correct horse").status, 400);
}

// Nothing goes to a place that was taken from the client while the page was open: no code, and no refusal.
TEST_F(SignInForm, APlaceTakenFromTheClientMeanwhileGetsNothing) {
  ClientChange moved;
  moved.redirect_uris = {"https://elsewhere.example/cb"};
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "app", moved)));
  const Reply reply = submit("ann", "correct horse");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.header("location"), "");
}

TEST_F(SignInForm, OtherContentTypeAndTenant) {
  Sent sent = form("ann", "correct horse");
  sent.fields[0].second = "text/plain";
  EXPECT_EQ(bed.send(sent).status, 415);
  sent = form("ann", "correct horse");
  sent.target = "/idms/v1/bravo/sign-in";
  EXPECT_EQ(bed.send(sent).status, 404);
  EXPECT_EQ(bed.send(get(std::string(kSignIn))).status, 405);
  EXPECT_EQ(bed.send(get("/idms/v1/alpha/style.css")).status, 200);
  EXPECT_EQ(bed.send(get("/idms/v1/bravo/style.css")).status, 404);
}

TEST_F(SignInForm, RepeatedFieldsAreRefused) {
  EXPECT_EQ(bed.send(form("ann", "correct horse", "&password=other")).status, 400);
}

TEST_F(SignInForm, TheFifthWrongPasswordEndsTheSignInTheSixthWaits) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(submit("ann", "wrong").status, 200);
  const Reply last = submit("ann", "wrong");
  EXPECT_EQ(last.status, 302);
  EXPECT_EQ(last.redirected("error"), "access_denied");
  const Reply held = submit("ann", "correct horse");
  EXPECT_EQ(held.status, 429);
  EXPECT_EQ(held.header("retry-after"), "30");
  EXPECT_NE(held.body.find("role=\"alert\""), std::string::npos);
  EXPECT_EQ(submit_json("ann", "correct horse").member("error"), "temporarily_unavailable");
  // An unknown user is held the same way.
  for (int i = 0; i < 5; ++i) submit("eve", "wrong");
  EXPECT_EQ(submit("eve", "wrong").status, 429);
  bed.clock().advance(30s);
  EXPECT_EQ(submit("ann", "correct horse").status, 302);
  EXPECT_EQ(bed.context()->figures->sign_ins_throttled.read(), 3U);
}

TEST_F(SignInForm, TheRightPasswordFromAnotherSourceSoonPasses) {
  for (int i = 0; i < 6; ++i) submit("ann", "wrong");
  bed.peer().address = "198.51.100.7";
  bed.clock().advance(1s);
  EXPECT_EQ(submit("ann", "correct horse").status, 302);
}

TEST_F(SignInForm, AHashOfOtherParametersIsReplaced) {
  bed.settings().argon2 = {16, 1, 1};
  bed.publish();
  EXPECT_EQ(submit("ann", "correct horse").status, 302);
  const auto user = bed.wait(find_user(bed.context(), "alpha", ann.sub));
  ASSERT_TRUE(user);
  EXPECT_NE(user->password_hash, ann.password_hash);
  EXPECT_NE(user->password_hash.find("m=16,"), std::string::npos);
  EXPECT_EQ(user->password_changed_at, ann.password_changed_at);
  begin();
  EXPECT_EQ(submit("ann", "correct horse").status, 302);
}

TEST_F(SignInForm, APasswordChangedWhileItWasBeingCheckedIsNoLongerRight) {
  // The operator's change waits in the store's queue, so the sign-in still reads and verifies the old hash.
  bed.store().hold_commits();
  std::optional<Result<Unit>> set;
  runtime::Scope scope;
  bed.run_until([&, turn = 0]() mutable {
    if (turn++ == 1) {
      scope.spawn(storage::keep_result(
          set_password(bed.context(), "alpha", ann.sub, SecretBytes(as_bytes("new password"))), &set));
    }
    return bed.store().commits_held() == 1;
  });
  const auto pending = bed.begin(form("ann", "correct horse"));
  bed.run_until([&] { return bed.store().commits_held() == 2; });
  bed.store().release_commits();
  EXPECT_EQ(bed.finish(*pending).status, 200);
  bed.run_until([&] { return set.has_value(); });
  EXPECT_TRUE(*set);
}

TEST_F(SignInForm, AFullPasswordPoolIs503AndTheFormStays) {
  Testbed small(1);
  small.add_user();
  small.add_public_client();
  const Reply page = small.send(get("/idms/v1/alpha/authorize?" + authorize_query("app")));
  const std::string field = page.header("set-cookie");
  Sent sent = post_form(std::string(kSignIn), "interaction=" + hidden_interaction(page.body) +
                                                  "&username=ann&password=" + escaped("correct horse"));
  sent.fields.emplace_back(http::Field::Cookie, field.substr(0, field.find(';')));
  std::atomic<bool> go{false};
  std::atomic<int> busy{0};
  const auto block = [&] {
    ++busy;
    while (!go) std::this_thread::yield();
  };
  for (int thread = 1; thread <= 2; ++thread) {
    ASSERT_TRUE(small.hash_pool().submit(block));
    while (busy != thread) std::this_thread::yield();
  }
  ASSERT_TRUE(small.hash_pool().submit(block));  // the queue of one is full
  const Reply full = small.send(sent);
  go = true;
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.header("retry-after"), "1");
  EXPECT_EQ(hidden_interaction(full.body), hidden_interaction(page.body));
  Reply after = full;
  while (after.status == 503) after = small.send(sent);
  EXPECT_EQ(after.status, 302);  // and it did not count as a try
}

TEST_F(SignInForm, AFullDiskIs503AndTheFormStays) {
  bed.store().set_full(true);
  EXPECT_EQ(submit("ann", "correct horse").status, 503);
  bed.store().set_full(false);
  EXPECT_EQ(submit("ann", "correct horse").status, 302);
}

TEST_F(SignInForm, AConflictRunsAgain) {
  bed.store().fail_commits(2, Code::Conflict);
  EXPECT_EQ(submit("ann", "correct horse").status, 302);
  begin();
  bed.store().fail_commits(3, Code::Conflict);
  EXPECT_EQ(submit("ann", "correct horse").status, 503);
}

// Two devices at once, and a hash of former parameters: the one that comes second finds a hash that was not there when his
// password was verified.
TEST_F(SignInForm, ANewHashByAnotherSignInIsNoWrongPassword) {
  bed.settings().argon2 = {16, 1, 1};
  bed.publish();
  std::vector<Sent> devices{form("ann", "correct horse")};
  begin();
  devices.push_back(form("ann", "correct horse"));
  begin();
  devices.push_back(form("ann", "wrong"));
  const std::vector<Reply> replies = bed.send_together(devices);
  EXPECT_EQ(replies[0].status, 302);
  EXPECT_EQ(replies[1].status, 302);
  EXPECT_EQ(replies[2].status, 200);
  const auto user = bed.wait(find_user(bed.context(), "alpha", ann.sub));
  EXPECT_NE(user->password_hash.find("m=16,"), std::string::npos);
}

TEST_F(SignInForm, AClientThatHangsUpAtAnyPointBreaksNothing) {
  for (int turns = 1; turns < 12; ++turns) {
    begin();
    bed.store().set_reads(turns % 2 == 0 ? storage::memory::Reads::Suspend : storage::memory::Reads::Inline);
    bed.send_and_drop(form("ann", "correct horse"), turns);
    bed.store().set_reads(storage::memory::Reads::Inline);
  }
  // What nobody waited for counts as a try: hanging up must not be a way around the throttle.
  bed.clock().advance(15min);
  begin();
  EXPECT_EQ(submit("ann", "correct horse").status, 302);
}

TEST_F(SignInForm, WithinTheSecondOfAPasswordChangeTheSignInWaits) {
  ASSERT_TRUE(bed.wait(set_password(bed.context(), "alpha", ann.sub, SecretBytes(as_bytes("new password")))));
  // The waiting is a timer; the clock is moved by hand until it fires.
  std::thread time([this] {
    for (int i = 0; i < 200; ++i) {
      bed.clock().advance(10ms);
      std::this_thread::yield();
    }
  });
  const Reply reply = submit("ann", "new password");
  time.join();
  ASSERT_EQ(reply.status, 302);
  const auto user = bed.wait(find_user(bed.context(), "alpha", ann.sub));
  EXPECT_LE(user->not_before, numeric_date(bed.clock().wall()));
}

}  // namespace
}  // namespace claviger::identity
