// What operators do to users; what is unique stays unique.
#include "broker/identity/user_procedures.h"

#include <gtest/gtest.h>

#include "broker/identity/former_hash.h"
#include "broker/identity/session_procedures.h"
#include "broker/identity/user_import.h"
#include "core/crypto/password_hash.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;

UserDraft draft_of(std::string login) {
  UserDraft draft;
  draft.login = std::move(login);
  return draft;
}
SecretBytes secret(std::string_view text) { return SecretBytes(as_bytes(text)); }

struct Users : ::testing::Test {
  Testbed bed;
  broker::Context* context = bed.context();

  Result<User> create(UserDraft draft) { return bed.wait(create_user(context, "alpha", std::move(draft))); }
  User find(const std::string& sub) { return *bed.wait(find_user(context, "alpha", sub)); }
};

TEST_F(Users, CreateAndFind) {
  UserDraft draft = draft_of(" Ann@Alpha.Example ");
  draft.display_name = "Ann";
  draft.mc_id = "sip:ann@alpha.example";
  draft.mcptt_id = "sip:ann.ptt@alpha.example";
  draft.scopes = {"3gpp:mc:ptt_service"};
  draft.password = secret("correct horse");
  const auto created = create(std::move(draft));
  ASSERT_TRUE(created);
  EXPECT_EQ(created->sub.size(), 22U);
  EXPECT_EQ(created->login, "ann@alpha.example");
  EXPECT_TRUE(created->password_hash.starts_with("$argon2id$"));
  EXPECT_EQ(created->password_changed_at, numeric_date(bed.clock().wall()));
  EXPECT_GT(created->version, 0U);
  EXPECT_EQ(find(created->sub).login, "ann@alpha.example");
  EXPECT_EQ(bed.wait(find_user_by_login(context, "alpha", "ANN@alpha.example"))->sub, created->sub);
  EXPECT_EQ(bed.wait(find_user_by_mc_identity(context, "alpha", "mcptt", "sip:ann.ptt@alpha.example"))->sub,
            created->sub);
  EXPECT_TRUE(bed.wait(find_user_by_mc_identity(context, "alpha", "mcdata", "sip:ann.ptt@alpha.example"))
                  .failed_with(Code::UserUnknown));
  EXPECT_TRUE(bed.wait(find_user_by_mc_identity(context, "bravo", "mcptt", "sip:ann.ptt@alpha.example"))
                  .failed_with(Code::UserUnknown));
  EXPECT_TRUE(bed.wait(find_user_by_login(context, "alpha", "nobody")).failed_with(Code::UserUnknown));
  EXPECT_TRUE(bed.wait(find_user(context, "alpha", "nobody")).failed_with(Code::UserUnknown));
  EXPECT_TRUE(bed.wait(find_user(context, "alpha", std::string("a\0b", 3))).failed_with(Code::UserUnknown));
}

TEST_F(Users, RefusesWhatCannotBe) {
  EXPECT_TRUE(create(draft_of("")).failed_with(Code::LoginInvalid));
  UserDraft draft = draft_of("a");
  draft.mc_id = "not a uri";
  EXPECT_TRUE(create(std::move(draft)).failed_with(Code::McIdentityInvalid));
  draft = draft_of("a");
  draft.mcdata_id = "sip:" + std::string(600, 'x');
  EXPECT_TRUE(create(std::move(draft)).failed_with(Code::McIdentityInvalid));
  draft = draft_of("a");
  draft.scopes = {"two words"};
  EXPECT_TRUE(create(std::move(draft)).failed_with(Code::ScopeMalformed));
  draft = draft_of("a");
  draft.display_name = "line\nbreak";
  EXPECT_TRUE(create(std::move(draft)).failed_with(Code::BadValue));
  draft = draft_of("a");
  draft.password = secret(std::string(1025, 'p'));
  EXPECT_TRUE(create(std::move(draft)).failed_with(Code::PasswordInvalid));
  draft = draft_of("a");
  draft.password_hash = "$1$md5$crypt";
  EXPECT_TRUE(create(std::move(draft)).failed_with(Code::PasswordHashFormat));
  draft = draft_of("a");
  draft.password = secret("x");
  draft.password_hash = "$pbkdf2-sha256$i=1000$c2FsdHNhbHQ$MTIzNDU2Nzg5MDEyMzQ1Ng";
  EXPECT_TRUE(create(std::move(draft)).failed_with(Code::PasswordInvalid));
  EXPECT_TRUE(bed.wait(create_user(context, "nowhere", draft_of("a"))).failed_with(Code::NotFound));
  EXPECT_TRUE(create(draft_of("a")));  // nothing of all that was written
}

TEST_F(Users, LoginsAreUniqueMcIdentitiesForEver) {
  UserDraft draft = draft_of("ann");
  draft.mc_id = "sip:ann@alpha.example";
  const auto ann = create(std::move(draft));
  ASSERT_TRUE(ann);
  EXPECT_TRUE(create(draft_of("ANN")).failed_with(Code::LoginTaken));
  draft = draft_of("bob");
  draft.mc_id = "sip:ann@alpha.example";
  EXPECT_TRUE(create(std::move(draft)).failed_with(Code::McIdentityTaken));
  // Nor in another spelling of the same URI (RFC 3261 clause 19.1.4, RFC 3966 clause 4).
  for (const char* spelling : {"SIP:ann@Alpha.EXAMPLE", "sip:%61nn@alpha.example", "sip:ann@alpha.example;user=phone",
                               "sip:ann@alpha.example;x=1?subject=y"}) {
    draft = draft_of("bob");
    draft.mcptt_id = spelling;
    EXPECT_TRUE(create(std::move(draft)).failed_with(Code::McIdentityTaken)) << spelling;
  }
  // Nor in another service: the KMS finds a user's keys by URI alone.
  for (std::string UserDraft::*kind : {&UserDraft::mcptt_id, &UserDraft::mcvideo_id, &UserDraft::mcdata_id}) {
    draft = draft_of("bob");
    draft.*kind = "sip:ann@alpha.example";
    EXPECT_TRUE(create(std::move(draft)).failed_with(Code::McIdentityTaken));
  }
  // MC service IDs of one user may equal his MC ID.
  UserChange same;
  same.mcptt_id = "sip:ann@alpha.example";
  same.mcdata_id = "sip:ann@alpha.example";
  EXPECT_TRUE(bed.wait(change_user(context, "alpha", ann->sub, same)));

  ASSERT_TRUE(bed.wait(remove_user(context, "alpha", ann->sub)));
  EXPECT_TRUE(bed.wait(find_user(context, "alpha", ann->sub)).failed_with(Code::UserUnknown));
  EXPECT_TRUE(bed.wait(find_user_by_mc_identity(context, "alpha", "mc", "sip:ann@alpha.example"))
                  .failed_with(Code::UserUnknown));
  draft = draft_of("ann");
  draft.mc_id = "sip:ann@alpha.example";
  EXPECT_TRUE(create(std::move(draft)).failed_with(Code::McIdentityTaken));
  EXPECT_TRUE(create(draft_of("ann")));  // the login is free again
  EXPECT_TRUE(bed.wait(remove_user(context, "alpha", ann->sub)).failed_with(Code::UserUnknown));
}

TEST_F(Users, OfTwoCreationsAtOnceOneWins) {
  std::optional<Result<User>> first;
  std::optional<Result<User>> second;
  runtime::Scope scope;
  bed.run_until([&, turn = 0]() mutable {
    if (turn++ == 1) {
      scope.spawn(storage::keep_result(create_user(context, "alpha", draft_of("ann")), &first));
      scope.spawn(storage::keep_result(create_user(context, "alpha", draft_of("ann")), &second));
    }
    return first && second;
  });
  EXPECT_NE(first->has_value(), second->has_value());
  EXPECT_TRUE((first->has_value() ? *second : *first).failed_with(Code::LoginTaken));
}

TEST_F(Users, Change) {
  UserDraft draft = draft_of("ann");
  draft.mcptt_id = "sip:1@alpha.example";
  const auto ann = create(std::move(draft));
  ASSERT_TRUE(create(draft_of("bob")));
  UserChange change;
  change.login = "Anna";
  change.display_name = "Anna";
  change.mcptt_id = "sip:2@alpha.example";
  change.scopes = std::vector<std::string>{"openid"};
  const auto changed = bed.wait(change_user(context, "alpha", ann->sub, change));
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->login, "anna");
  EXPECT_EQ(find(ann->sub).mcptt_id, "sip:2@alpha.example");
  EXPECT_TRUE(bed.wait(find_user_by_login(context, "alpha", "ann")).failed_with(Code::UserUnknown));
  EXPECT_EQ(bed.wait(find_user_by_login(context, "alpha", "anna"))->sub, ann->sub);
  // The old name is free, the old identity is not for others and still for her.
  draft = draft_of("ann");
  draft.mcptt_id = "sip:1@alpha.example";
  EXPECT_TRUE(create(std::move(draft)).failed_with(Code::McIdentityTaken));
  change = UserChange();
  change.mcptt_id = "sip:1@alpha.example";
  EXPECT_TRUE(bed.wait(change_user(context, "alpha", ann->sub, change)));
  change = UserChange();
  change.login = "bob";
  EXPECT_TRUE(bed.wait(change_user(context, "alpha", ann->sub, change)).failed_with(Code::LoginTaken));
  EXPECT_TRUE(bed.wait(change_user(context, "alpha", "nobody", UserChange())).failed_with(Code::UserUnknown));
}

TEST_F(Users, ChangesRunAgainAfterConflict) {
  const auto ann = create(draft_of("ann"));
  bed.store().fail_commits(2, Code::Conflict);
  UserChange change;
  change.display_name = "A";
  EXPECT_TRUE(bed.wait(change_user(context, "alpha", ann->sub, change)));
  bed.store().fail_commits(3, Code::Conflict);
  EXPECT_TRUE(bed.wait(change_user(context, "alpha", ann->sub, change)).failed_with(Code::Conflict));
  bed.store().fail_commits(1, Code::NoSpace);
  EXPECT_TRUE(bed.wait(disable_user(context, "alpha", ann->sub)).failed_with(Code::NoSpace));
  EXPECT_EQ(find(ann->sub).status, UserStatus::Enabled);
}

TEST_F(Users, DisableAndPasswordEndSessionsEnableDoesNot) {
  const User ann = bed.add_user();
  bed.add_public_client();
  const Reply tokens = bed.sign_in_for_tokens("app");
  auto sessions = bed.wait(list_sessions(context, "alpha", ann.sub, "", 10));
  ASSERT_EQ(sessions->sessions.size(), 1U);
  EXPECT_EQ(sessions->sessions[0].state, SessionState::Active);
  ASSERT_TRUE(bed.wait(enable_user(context, "alpha", ann.sub)));
  EXPECT_EQ(find(ann.sub).not_before, 0);
  ASSERT_TRUE(bed.wait(disable_user(context, "alpha", ann.sub)));
  EXPECT_EQ(find(ann.sub).status, UserStatus::Disabled);
  EXPECT_GT(find(ann.sub).not_before, numeric_date(bed.clock().wall()));
  sessions = bed.wait(list_sessions(context, "alpha", ann.sub, "", 10));
  EXPECT_EQ(sessions->sessions[0].state, SessionState::Revoked);
  EXPECT_FALSE(context->tokens->verify_own(*context->snapshot->find("alpha"), tokens.member("access_token")));

  ASSERT_TRUE(bed.wait(enable_user(context, "alpha", ann.sub)));
  bed.clock().advance(2s);
  const Reply again = bed.sign_in_for_tokens("app");
  ASSERT_TRUE(bed.wait(set_password(context, "alpha", ann.sub, secret("another horse"))));
  EXPECT_FALSE(context->tokens->verify_own(*context->snapshot->find("alpha"), again.member("access_token")));
  EXPECT_TRUE(bed.wait(set_password(context, "alpha", ann.sub, SecretBytes())).failed_with(Code::PasswordInvalid));
  EXPECT_TRUE(bed.wait(set_password(context, "alpha", "nobody", secret("x"))).failed_with(Code::UserUnknown));
}

TEST_F(Users, ListPagesThroughOneTenant) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(create(draft_of("user-" + std::to_string(i))));
  std::set<std::string> seen;
  std::string after;
  int pages = 0;
  do {
    const auto page = bed.wait(list_users(context, "alpha", after, 2));
    ASSERT_TRUE(page);
    for (const User& user : page->users) EXPECT_TRUE(seen.insert(user.login).second);
    after = page->next;
    ++pages;
  } while (!after.empty());
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_EQ(pages, 3);
  EXPECT_TRUE(bed.wait(list_users(context, "bravo", "", 10))->users.empty());
}

// Import

struct Import : Users {
  Result<ImportReport> import(std::vector<UserDraft> drafts) {
    return bed.wait(import_users(context, "alpha", std::move(drafts)));
  }
};

TEST_F(Import, CreatesUpdatesAndLeavesUnchanged) {
  const auto batch = [] {
    std::vector<UserDraft> drafts;
    for (int i = 0; i < 50; ++i) {
      UserDraft draft = draft_of("user-" + std::to_string(i));
      draft.mcptt_id = "sip:" + std::to_string(i) + "@alpha.example";
      draft.password_hash = "$pbkdf2-sha256$i=1000$c2FsdHNhbHQ$MTIzNDU2Nzg5MDEyMzQ1Ng";
      drafts.push_back(std::move(draft));
    }
    return drafts;
  };
  const auto first = import(batch());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->created, 50U);
  EXPECT_TRUE(first->refused.empty());
  const auto sub = bed.wait(find_user_by_login(context, "alpha", "user-7"))->sub;
  const auto second = import(batch());  // resumed: no harm
  EXPECT_EQ(second->unchanged, 50U);
  auto third_batch = batch();
  third_batch[7].display_name = "Seven";
  third_batch[7].password_hash.clear();
  const auto third = import(std::move(third_batch));
  EXPECT_EQ(third->updated, 1U);
  EXPECT_EQ(third->unchanged, 49U);
  const User seven = find(sub);
  EXPECT_EQ(seven.display_name, "Seven");
  EXPECT_TRUE(seven.password_hash.starts_with("$pbkdf2"));  // an empty one keeps the old
}

TEST_F(Import, WhatIsLeftOutStays) {
  UserDraft whole = draft_of("ann");
  whole.display_name = "Ann";
  whole.mcptt_id = "sip:ann.ptt@alpha.example";
  whole.scopes = {"openid"};
  whole.status = UserStatus::Disabled;
  whole.val_user_ids = {"sip:ann@v2x.example"};
  ASSERT_TRUE(create(std::move(whole)));
  std::vector<UserDraft> drafts;
  drafts.push_back(draft_of("ann"));
  drafts.back().mcdata_id = "sip:ann.data@alpha.example";
  drafts.back().left_out = {UserMember::DisplayName, UserMember::McId,   UserMember::McpttId,   UserMember::McvideoId,
                            UserMember::Scopes,      UserMember::Status, UserMember::ValUserIds};
  const auto report = import(std::move(drafts));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->updated, 1U);
  const auto ann = bed.wait(find_user_by_login(context, "alpha", "ann"));
  ASSERT_TRUE(ann);
  EXPECT_EQ(ann->display_name, "Ann");
  EXPECT_EQ(ann->mcptt_id, "sip:ann.ptt@alpha.example");
  EXPECT_EQ(ann->mcdata_id, "sip:ann.data@alpha.example");
  EXPECT_EQ(ann->scopes, std::vector<std::string>{"openid"});
  EXPECT_EQ(ann->status, UserStatus::Disabled);
  EXPECT_EQ(ann->val_user_ids, std::vector<std::string>{"sip:ann@v2x.example"});
  drafts.clear();
  drafts.push_back(draft_of("ann"));  // says all of it, and says it empty
  ASSERT_TRUE(import(std::move(drafts)));
  EXPECT_EQ(bed.wait(find_user_by_login(context, "alpha", "ann"))->mcptt_id, "");
}

// By an operator, by a file, by the administration of his home: tokens that name what he has no more are dead, and what
// they opened ends with them; his session gets others.
TEST_F(Import, WhatIsTakenFromAUserNoTokenNames) {
  bed.add_public_client();
  const User ann = bed.add_user();
  ASSERT_FALSE(ann.mcptt_id.empty());
  const auto is_alive = [&](const Reply& tokens) {
    return context->tokens->verify_own(*context->snapshot->find("alpha"), tokens.member("access_token")).has_value();
  };
  Reply tokens = bed.sign_in_for_tokens("app", "openid profile 3gpp:mc:ptt_service");
  const auto refresh = [&] {
    bed.clock().advance(2s);
    tokens = bed.send(post_form("/idms/v1/alpha/token", "grant_type=refresh_token&client_id=app&refresh_token=" +
                                                            tokens.member("refresh_token")));
    EXPECT_EQ(tokens.status, 200) << tokens.body;
    EXPECT_TRUE(is_alive(tokens));
  };
  UserChange more;
  more.mcdata_id = "sip:ann.data@alpha.example";
  more.display_name = "Ann M.";
  ASSERT_TRUE(bed.wait(change_user(context, "alpha", ann.sub, more)));
  EXPECT_TRUE(is_alive(tokens));  // nothing is taken
  UserChange another;
  another.mcptt_id = "sip:ann.other@alpha.example";
  ASSERT_TRUE(bed.wait(change_user(context, "alpha", ann.sub, another)));
  EXPECT_FALSE(is_alive(tokens));
  refresh();
  EXPECT_EQ(member_of(claims_of(tokens.member("access_token")), "mcptt_id"), "sip:ann.other@alpha.example");
  // A file that says nothing of his data service, and then that he has none of the other two.
  for (const bool is_taken : {false, true}) {
    std::vector<UserDraft> drafts;
    drafts.push_back(draft_of("ann"));
    drafts.back().mcdata_id = "sip:ann.data@alpha.example";
    drafts.back().left_out = {UserMember::DisplayName, UserMember::McId, UserMember::Scopes, UserMember::Status,
                              UserMember::ValUserIds};
    if (!is_taken) drafts.back().mcptt_id = "sip:ann.other@alpha.example";
    ASSERT_TRUE(import(std::move(drafts)));
    EXPECT_EQ(is_alive(tokens), !is_taken);
  }
  refresh();
  EXPECT_EQ(tokens.member("scope"), "openid profile");
  // Scopes: all that his identities allow, then some of them, then more.
  for (const auto& [scopes, is_dead] :
       {std::pair(std::vector<std::string>{"openid", "profile"}, true),
        std::pair(std::vector<std::string>{"openid", "profile", "x"}, false),
        std::pair(std::vector<std::string>{"openid", "profile"}, true), std::pair(std::vector<std::string>{}, false)}) {
    UserChange change;
    change.scopes = scopes;
    ASSERT_TRUE(bed.wait(change_user(context, "alpha", ann.sub, change)));
    EXPECT_NE(is_alive(tokens), is_dead) << scopes.size();
    refresh();
  }
  EXPECT_EQ(find(ann.sub).not_before, 0);
  const auto sessions = bed.wait(list_sessions(context, "alpha", ann.sub, "", 10));
  ASSERT_EQ(sessions->sessions.size(), 1U);
  EXPECT_EQ(sessions->sessions[0].state, SessionState::Active);
}

TEST_F(Import, WhoIsDisabledOrGetsAnotherPasswordIsSignedOff) {
  bed.add_public_client();
  for (const bool is_disabled : {true, false}) {
    const std::string login = is_disabled ? "out" : "changed";
    const User user = bed.add_user(login);
    const Reply tokens = bed.send(post_form(
        "/idms/v1/alpha/token", "grant_type=authorization_code&client_id=app&redirect_uri=" + escaped(kRedirect) +
                                    "&code_verifier=" + std::string(kVerifier) + "&code=" +
                                    bed.sign_in(authorize_query("app"), login, "correct horse").redirected("code")));
    ASSERT_EQ(tokens.status, 200) << tokens.body;
    std::vector<UserDraft> drafts;
    drafts.push_back(draft_of(login));
    drafts.back().left_out = {UserMember::DisplayName, UserMember::McId,     UserMember::McpttId,
                              UserMember::McvideoId,   UserMember::McdataId, UserMember::Scopes};
    if (is_disabled)
      drafts.back().status = UserStatus::Disabled;
    else
      drafts.back().password = SecretBytes(as_bytes("another one"));
    ASSERT_TRUE(import(std::move(drafts)));
    EXPECT_FALSE(context->tokens->verify_own(*context->snapshot->find("alpha"), tokens.member("access_token")));
    const Reply refreshed =
        bed.send(post_form("/idms/v1/alpha/token",
                           "grant_type=refresh_token&client_id=app&refresh_token=" + tokens.member("refresh_token")));
    EXPECT_EQ(refreshed.member("error"), "invalid_grant");
    const auto sessions = bed.wait(list_sessions(context, "alpha", user.sub, "", 10));
    ASSERT_TRUE(sessions);
    ASSERT_EQ(sessions->sessions.size(), 1U);
    EXPECT_EQ(sessions->sessions[0].state, SessionState::Revoked);
  }
}

// A nightly import with plain passwords signs nobody off.
TEST_F(Import, ThePasswordThatHeHasChangesNothing) {
  bed.add_public_client();
  const User user = bed.add_user("ann");
  const Reply tokens = bed.sign_in_for_tokens("app");
  ASSERT_EQ(tokens.status, 200);
  const auto again = [&](std::string_view password) {
    std::vector<UserDraft> drafts;
    drafts.push_back(draft_of("ann"));
    drafts.back().left_out = {UserMember::DisplayName, UserMember::McId,     UserMember::McpttId,
                              UserMember::McvideoId,   UserMember::McdataId, UserMember::Scopes};
    drafts.back().password = secret(password);
    return import(std::move(drafts));
  };
  const auto lives = [&] {
    const broker::TenantView& alpha = *context->snapshot->find("alpha");
    return context->tokens->verify_own(alpha, tokens.member("access_token")).has_value();
  };
  bed.clock().advance(Seconds(10));
  const auto same = again("correct horse");
  ASSERT_TRUE(same);
  EXPECT_EQ(same->unchanged, 1U);
  EXPECT_TRUE(lives());
  EXPECT_EQ(bed.wait(find_user_by_login(context, "alpha", "ann"))->password_changed_at, user.password_changed_at);
  const auto other = again("correct horses");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->updated, 1U);
  EXPECT_FALSE(lives());
  bed.clock().advance(Seconds(2));  // past the second that ended what he had
  EXPECT_EQ(bed.sign_in(authorize_query("app"), "ann", "correct horses").status, 302);
}

// What a file says of a password is compared with the password that he has, not with how it is kept.
struct SamePassword : Import {
  Client app = bed.add_public_client();
  User ann = bed.add_user("ann");

  static std::vector<UserDraft> line() {
    std::vector<UserDraft> drafts;
    drafts.push_back(draft_of("ann"));
    drafts.back().left_out = {UserMember::DisplayName, UserMember::McId,     UserMember::McpttId,
                              UserMember::McvideoId,   UserMember::McdataId, UserMember::Scopes};
    return drafts;
  }
  Result<ImportReport> import_password(std::string_view password) {
    auto drafts = line();
    drafts.back().password = secret(password);
    return import(std::move(drafts));
  }
  Result<ImportReport> import_hash(const std::string& hash) {
    auto drafts = line();
    drafts.back().password_hash = hash;
    return import(std::move(drafts));
  }
  static std::string hash_elsewhere(std::string_view password) {
    return *crypto::hash_password(as_bytes(password), {16, 1, 1});
  }
  bool lives(const Reply& tokens) {
    return context->tokens->verify_own(*context->snapshot->find("alpha"), tokens.member("access_token")).has_value();
  }
};

TEST_F(SamePassword, InPlainRenewsAHashWithOldParameters) {
  const Reply tokens = bed.sign_in_for_tokens("app");
  bed.clock().advance(10s);
  bed.settings().argon2 = {8, 2, 1};
  bed.publish();
  const auto renewed = import_password("correct horse");
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->updated, 1U);
  const User after = find(ann.sub);
  EXPECT_NE(after.password_hash.find("m=8,t=2,p=1"), std::string::npos) << after.password_hash;
  EXPECT_EQ(after.password_changed_at, ann.password_changed_at);
  EXPECT_EQ(after.not_before, ann.not_before);
  EXPECT_TRUE(lives(tokens));
  EXPECT_EQ(import_password("correct horse")->unchanged, 1U);
  EXPECT_EQ(bed.sign_in(authorize_query("app"), "ann", "correct horse").status, 302);
  EXPECT_EQ(find(ann.sub).password_hash, after.password_hash);
}

// A directory exports its hashes every night; whoever has signed in since has another hash of the same password.
TEST_F(SamePassword, AsTheHashThatASignInHasRenewed) {
  const std::string of_the_file = hash_elsewhere("correct horse");
  ASSERT_EQ(import_hash(of_the_file)->updated, 1U);
  bed.clock().advance(2s);
  const Reply tokens = bed.sign_in_for_tokens("app");
  ASSERT_EQ(tokens.status, 200);
  const User renewed = find(ann.sub);
  EXPECT_NE(renewed.password_hash, of_the_file);
  EXPECT_EQ(import_hash(of_the_file)->unchanged, 1U);
  EXPECT_TRUE(lives(tokens));
  EXPECT_EQ(find(ann.sub).password_hash, renewed.password_hash);
  // Renewed once more, it is still that file's.
  bed.settings().argon2 = {8, 2, 1};
  bed.publish();
  EXPECT_EQ(bed.sign_in(authorize_query("app"), "ann", "correct horse").status, 302);
  EXPECT_NE(find(ann.sub).password_hash, renewed.password_hash);
  EXPECT_EQ(import_hash(of_the_file)->unchanged, 1U);
  EXPECT_EQ(import_password("correct horse")->unchanged, 1U);
  EXPECT_TRUE(lives(tokens));
  // Another hash is another password, as far as anybody can tell.
  EXPECT_EQ(import_hash(hash_elsewhere("correct horse"))->updated, 1U);
  EXPECT_FALSE(lives(tokens));
}

// What was exported yesterday is his, too, when the parameters have changed since.
TEST_F(SamePassword, AsAnyOfTheLastThatWereRenewed) {
  const std::string of_the_file = hash_elsewhere("correct horse");
  ASSERT_EQ(import_hash(of_the_file)->updated, 1U);
  std::vector<std::string> had;
  for (std::uint32_t passes = 1; passes <= kFormerHashesMax + 1; ++passes) {
    bed.clock().advance(2s);
    bed.settings().argon2 = {8, passes, 1};
    bed.publish();
    ASSERT_EQ(bed.sign_in(authorize_query("app"), "ann", "correct horse").status, 302);
    had.push_back(find(ann.sub).password_hash);
  }
  EXPECT_EQ(import_hash(of_the_file)->unchanged, 1U);
  EXPECT_EQ(import_hash(had[had.size() - 2])->unchanged, 1U);
  EXPECT_EQ(import_hash(had[0])->unchanged, 0U);  // there is no room for all of them
}

// Whoever set another password and came no further than that.
TEST_F(SamePassword, IsNotOfAPasswordThatWasSetSinceWhateverElseWasDone) {
  const std::string of_the_file = hash_elsewhere("correct horse");
  ASSERT_EQ(import_hash(of_the_file)->updated, 1U);
  bed.clock().advance(2s);
  ASSERT_EQ(bed.sign_in(authorize_query("app"), "ann", "correct horse").status, 302);
  ASSERT_EQ(import_hash(hash_elsewhere("another one"))->updated, 1U);
  EXPECT_EQ(import_hash(of_the_file)->updated, 1U);
  EXPECT_EQ(find(ann.sub).password_hash, of_the_file);
}

TEST_F(SamePassword, IsNotWhatWasReplacedSince) {
  const std::string of_the_file = hash_elsewhere("correct horse");
  ASSERT_EQ(import_hash(of_the_file)->updated, 1U);
  bed.clock().advance(2s);
  ASSERT_EQ(bed.sign_in(authorize_query("app"), "ann", "correct horse").status, 302);
  ASSERT_TRUE(bed.wait(set_password(context, "alpha", ann.sub, secret("another one"))));
  EXPECT_EQ(import_hash(of_the_file)->updated, 1U);
  EXPECT_EQ(find(ann.sub).password_hash, of_the_file);
}

TEST_F(Import, NamesEachBadLineAndLosesNoGoodOne) {
  UserDraft taken = draft_of("old");
  taken.mc_id = "sip:old@alpha.example";
  ASSERT_TRUE(create(std::move(taken)));
  std::vector<UserDraft> drafts;
  drafts.push_back(draft_of("good-1"));
  drafts.push_back(draft_of(""));        // 1
  drafts.push_back(draft_of("good-1"));  // 2: twice in the batch
  drafts.push_back(draft_of("thief"));   // 3: somebody else's identity
  drafts.back().mc_id = "sip:old@alpha.example";
  drafts.push_back(draft_of("weak"));  // 4: a hash of a kind we do not know
  drafts.back().password_hash = "plaintext?";
  drafts.push_back(draft_of("good-2"));
  drafts.back().mcdata_id = "sip:d@alpha.example";
  drafts.push_back(draft_of("twin"));  // 6: an identity twice in the batch
  drafts.back().mcdata_id = "sip:d@alpha.example";
  const auto report = import(std::move(drafts));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->created, 2U);
  ASSERT_EQ(report->refused.size(), 5U);
  const std::vector<std::pair<std::size_t, Code>> wanted{{1, Code::LoginInvalid},
                                                         {2, Code::Duplicate},
                                                         {3, Code::McIdentityTaken},
                                                         {4, Code::PasswordHashFormat},
                                                         {6, Code::Duplicate}};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(report->refused[i].index, wanted[i].first);
    EXPECT_EQ(report->refused[i].error.code, wanted[i].second);
  }
  EXPECT_TRUE(bed.wait(find_user_by_login(context, "alpha", "good-2")));
}

TEST_F(Import, HashesPlaintextAndSuchUsersSignIn) {
  std::vector<UserDraft> drafts;
  for (int i = 0; i < 20; ++i) {
    drafts.push_back(draft_of(i == 7 ? "ann" : "user-" + std::to_string(i)));
    drafts.back().password = secret("correct horse");
  }
  const auto report = import(std::move(drafts));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->created, 20U);
  bed.add_public_client();
  EXPECT_EQ(bed.sign_in_for_tokens("app").status, 200);
}

TEST_F(Import, AConflictTriesAgainAndThenOneByOne) {
  std::vector<UserDraft> drafts;
  for (int i = 0; i < 3; ++i) drafts.push_back(draft_of("user-" + std::to_string(i)));
  bed.store().fail_commits(3 + 3, Code::Conflict);  // the batch thrice, then the first user thrice
  const auto report = import(std::move(drafts));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->created, 2U);
  ASSERT_EQ(report->refused.size(), 1U);
  EXPECT_EQ(report->refused[0].index, 0U);
  EXPECT_EQ(report->refused[0].error.code, Code::Conflict);
}

TEST_F(Import, BoundsAndFailures) {
  EXPECT_TRUE(import(std::vector<UserDraft>(kImportMax + 1)).failed_with(Code::TooLarge));
  EXPECT_TRUE(bed.wait(import_users(context, "nowhere", {})).failed_with(Code::NotFound));
  EXPECT_EQ(import({})->created, 0U);
  bed.store().set_full(true);
  std::vector<UserDraft> drafts;
  drafts.push_back(draft_of("ann"));
  EXPECT_TRUE(import(std::move(drafts)).failed_with(Code::NoSpace));
}

}  // namespace
}  // namespace claviger::identity
