// Bindings that are held while their user is disabled, and what one system owes the other when a binding changes.
#include "broker/migration/binding_holds.h"
#include "broker/identity/user_import.h"
#include "broker/identity/user_records.h"
#include "broker/migration/migrant.h"
#include "broker/migration/outbox_work.h"
#include "broker/tables.h"
#include "storage/outbox_row.h"
#include "tests/broker/migration/testbed.h"

namespace claviger::migration {
namespace {

constexpr const char* kThere = "mc.home.example";

class HoldBed : public MigrationBed {
 public:
  explicit HoldBed(bool is_configured = false) : user(add_user("ann")) {
    Binding away = good_outbound();
    away.sub = user.sub;
    away.state = BindingState::Active;
    away.partner_impi = "p1@home.example";
    away.is_configured_by_procedure = is_configured;
    away.partner_impus = {"sip:p1@home.example"};
    EXPECT_TRUE(put(std::move(away)).has_value());
    run_owed([&] { return owed().empty(); });
  }
  void set_enabled(bool is_enabled) {
    const auto done = wait(is_enabled ? identity::enable_user(context(), "alpha", user.sub)
                                      : identity::disable_user(context(), "alpha", user.sub));
    EXPECT_TRUE(done.has_value());
    EXPECT_TRUE(wait(follow_users(&migration, "alpha", {user.sub})).has_value());
  }
  Binding binding() { return *wait(find_users_binding(context(), "alpha", kThere, user.sub)); }
  bool may_migrate() { return wait(check(&migration, context(), user.sub)).has_value(); }
  // Kinds of the rows in the outbox but of what was owed when the bed was made.
  std::string owed() {
    std::string kinds;
    const auto rows = wait(context()->store.range(broker::tables::kMigrationPools, "", "", 100));
    for (const storage::Record& row : *rows) {
      const auto decoded = storage::decode_outbox_row(row.key, row.value.bytes());
      if (decoded) kinds += decoded->payload.substr(0, decoded->payload.find('\0')) + " ";
    }
    return kinds;
  }
  std::size_t owed_of(std::string_view kind) {
    std::size_t count = 0;
    const std::string all = owed();
    for (std::size_t at = all.find(kind); at != std::string::npos; at = all.find(kind, at + 1)) ++count;
    return count;
  }
  // Of now and a little later: whatever is to go has gone.
  void pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      clock().advance(Seconds(1));
      run_turns(8);
    }
  }
  // How many transactions there were, about.
  std::uint64_t sequence() {
    storage::Transaction change;
    change.put(broker::tables::kInstallation, "probe", as_bytes("x"));
    return wait(context()->store.commit(std::move(change)))->sequence;
  }
  // Until it is so, or not at all.
  void run_owed(const std::function<bool()>& is_done) {
    for (int tries = 0; tries < 100 && !is_done(); ++tries) {
      clock().advance(Seconds(1));
      run_turns(8);
    }
    EXPECT_TRUE(is_done());
  }
  void disable_as_an_earlier_build() {
    identity::User changed = *wait(identity::find_user(context(), "alpha", user.sub));
    changed.status = identity::UserStatus::Disabled;
    storage::Transaction change;
    change.put(broker::tables::kUsers, identity::user_key("alpha", user.sub), as_bytes(identity::encode_user(changed)));
    EXPECT_TRUE(wait(context()->store.commit(std::move(change))));
  }
  Result<Unit> restart() { return wait(start_again()); }
  // What the last step of the trace says of it.
  runtime::Task<Result<std::string>> give_up(storage::OutboxRow row, Error error) {
    migration.gave_up(row, error);
    std::string said;
    migration.trace().for_each([&](const TraceStep& step) {
      said.assign(step.tenant.view()).append(" ").append(step.system.view()).append(" ").append(step.primary.view());
      said.append(" ").append(step.outcome);
    });
    co_return said;
  }
  identity::User user;

 private:
  runtime::Task<Result<Unit>> start_again() {
    co_await migration.close();
    co_return co_await migration.start();
  }
  // The table of agreements is a shard's.
  static runtime::Task<Result<Unit>> check(Migration* migration, broker::Context* context, std::string sub) {
    AgreementRef agreement = migration->table()->find("alpha", kThere);
    co_return co_await check_may_migrate(migration, context, agreement, sub);
  }
};

TEST(BindingHolds, FollowTheirUser) {
  HoldBed bed;
  EXPECT_TRUE(check_usable(bed.binding(), 1'700'000'000));
  EXPECT_TRUE(bed.may_migrate());
  bed.set_enabled(false);
  EXPECT_TRUE(bed.binding().is_held);
  EXPECT_EQ(bed.binding().state, BindingState::Active);
  EXPECT_TRUE(check_usable(bed.binding(), 1'700'000'000).failed_with(Code::BindingInactive));
  EXPECT_FALSE(bed.may_migrate());
  const std::uint64_t version = bed.binding().version;
  bed.set_enabled(false);
  EXPECT_EQ(bed.binding().version, version) << "said again, nothing is written";
  bed.set_enabled(true);
  EXPECT_FALSE(bed.binding().is_held);
  EXPECT_TRUE(bed.may_migrate());
}

// kill -9 between his record and his bindings: what is owed stands with his record.
TEST(BindingHolds, AreOwedInTheTransactionOfTheUser) {
  HoldBed bed;
  ASSERT_TRUE(bed.wait(identity::disable_user(bed.context(), "alpha", bed.user.sub)));
  EXPECT_FALSE(bed.binding().is_held);
  EXPECT_EQ(bed.owed(), "users ");
  bed.run_owed([&] { return bed.binding().is_held; });
  EXPECT_FALSE(bed.may_migrate());
  ASSERT_TRUE(bed.wait(identity::enable_user(bed.context(), "alpha", bed.user.sub)));
  bed.run_owed([&] { return !bed.binding().is_held; });
  EXPECT_TRUE(bed.may_migrate());
  bed.run_owed([&] { return bed.owed().find("users") == std::string::npos; });
  ASSERT_TRUE(bed.wait(identity::enable_user(bed.context(), "alpha", bed.user.sub)));
  EXPECT_EQ(bed.owed().find("users"), std::string::npos) << "who was enabled already is no change";
}

// Nor a commit that fails leaves one of the two.
TEST(BindingHolds, AreNotOwedWithoutTheUsersChange) {
  HoldBed bed;
  bed.store().fail_commits(1, Code::NoSpace);
  EXPECT_TRUE(bed.wait(identity::disable_user(bed.context(), "alpha", bed.user.sub)).failed_with(Code::NoSpace));
  EXPECT_EQ(bed.owed(), "");
}

TEST(BindingHolds, FollowAnImport) {
  HoldBed bed;
  constexpr std::size_t kMany = 300;  // more than one transaction of them
  std::vector<identity::User> users{bed.user};
  for (std::size_t i = 1; i < kMany; ++i) {
    const std::string number = std::to_string(i + 10);
    users.push_back(bed.add_user("user" + number));
    Binding away = good_outbound(number);
    away.sub = users.back().sub;
    ASSERT_TRUE(bed.put(std::move(away)).has_value());
  }
  const auto import = [&](identity::UserStatus status) {
    std::vector<identity::UserDraft> drafts;
    for (const identity::User& user : users) {
      identity::UserDraft draft;
      draft.login = user.login;
      draft.status = status;
      draft.left_out = {identity::UserMember::McId, identity::UserMember::McpttId};
      drafts.push_back(std::move(draft));
    }
    return bed.wait(identity::import_users(bed.context(), "alpha", std::move(drafts)));
  };
  const auto held = [&] {
    std::size_t count = 0;
    for (const identity::User& user : users) {
      count += bed.wait(find_users_binding(bed.context(), "alpha", kThere, user.sub))->is_held ? 1U : 0U;
    }
    return count;
  };
  const auto done = import(identity::UserStatus::Disabled);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->followed.size(), kMany);
  EXPECT_EQ(bed.owed(), "users ") << "one row of them all";
  EXPECT_EQ(held(), 0U);
  const std::uint64_t before = bed.sequence();
  EXPECT_TRUE(bed.wait(follow_users(&bed.migration, "alpha", done->followed)));
  EXPECT_LT(bed.sequence() - before, 20U) << "several in one transaction";
  EXPECT_EQ(held(), kMany);
  EXPECT_TRUE(import(identity::UserStatus::Disabled)->followed.empty()) << "nothing has changed";
  EXPECT_TRUE(import(identity::UserStatus::Enabled).has_value());
  bed.run_owed([&] { return held() == 0; });
}

runtime::Task<void> follow_all(Migration* migration, std::shared_ptr<bool> is_done) {
  const auto done = co_await follow_all_users(migration, "alpha", kThere);
  EXPECT_TRUE(done.has_value());
  *is_done = true;
}

// Each start looks at all of them: others have turns meanwhile.
TEST(BindingHolds, AreNotAllLookedAtInOneTurn) {
  HoldBed bed;
  constexpr std::size_t kMany = 600;
  for (std::size_t i = 1; i < kMany; ++i) {
    Binding away = good_outbound(std::to_string(i + 10));
    away.sub = bed.user.sub + std::to_string(i);
    ASSERT_TRUE(bed.put(std::move(away)).has_value());
  }
  auto is_done = std::make_shared<bool>(false);
  bed.run_until([&] { return bed.shard().scope().spawn(follow_all(&bed.migration, is_done)), true; });
  std::size_t turns = 0;
  bed.run_until([&] { return *is_done || ++turns > 1000; });
  EXPECT_TRUE(*is_done);
  EXPECT_GE(turns, kMany / 64);
}

// Each release asks for a grant; the renewals of before it are none any more, nor is one that is due later.
TEST(BindingHolds, ThatEndLeaveOneRenewal) {
  HoldBed bed(true);
  const OutboxWork renewal{OutboxWork::Kind::Prepare, "alpha", kThere, bed.binding().primary_impi};
  storage::Transaction change;
  ASSERT_TRUE(put_outbox_work(*bed.context(), change, renewal, numeric_date(bed.shard().wall()) + 20));
  ASSERT_TRUE(bed.wait(bed.context()->store.commit(std::move(change))));
  bed.pass(2);
  EXPECT_EQ(bed.owed_of("prepare"), 1U);
  for (int i = 0; i < 5; ++i) {
    bed.set_enabled(false);
    bed.set_enabled(true);
  }
  bed.pass(60);
  EXPECT_EQ(bed.owed_of("prepare"), 1U);
}

// A store of a build that did not say which renewal counts.
TEST(BindingHolds, ARenewalOfAnEarlierBuildIsDone) {
  HoldBed bed(true);
  std::string payload("prepare");
  for (const std::string& part : {std::string("alpha"), std::string(kThere), bed.binding().primary_impi}) {
    payload += '\0' + part;
  }
  storage::Transaction change;
  storage::put_outbox_row(change, broker::tables::kMigrationPools, numeric_date(bed.shard().wall()), "earlier",
                          as_bytes(payload));
  ASSERT_TRUE(bed.wait(bed.context()->store.commit(std::move(change))));
  bed.pass(10);
  EXPECT_EQ(bed.owed_of("prepare"), 1U) << "tried until there is a link";
}

// A store of a build that owed nothing.
TEST(BindingHolds, AreTakenUpByTheNextStart) {
  HoldBed bed;
  bed.disable_as_an_earlier_build();
  EXPECT_EQ(bed.owed(), "");
  EXPECT_TRUE(bed.restart().has_value());
  bed.run_owed([&] { return bed.binding().is_held; });
  EXPECT_FALSE(bed.may_migrate());
}

// Nobody looks after the bindings of an agreement that was removed.
TEST(BindingHolds, AreTakenUpWhenAnAgreementComesBack) {
  HoldBed bed;
  ASSERT_TRUE(bed.wait(remove_agreement(&bed.migration, "alpha", kThere)));
  bed.set_enabled(false);
  EXPECT_FALSE(bed.binding().is_held);
  ASSERT_TRUE(bed.wait(add_agreement(&bed.migration, "alpha", {good_agreement(), {}})));
  bed.run_owed([&] { return bed.binding().is_held; });
}

TEST(BindingHolds, AreToldToWhoeverUnderstands) {
  EXPECT_TRUE(is_told(204, ""));
  EXPECT_TRUE(is_told(200, "{}"));
  EXPECT_TRUE(is_told(404, R"({"type":"about:blank","status":404,"code":"BindingUnknown"})"));
  EXPECT_FALSE(is_told(404, R"({"type":"about:blank","status":404,"code":"NotFound"})"));
  EXPECT_FALSE(is_told(404, R"({"detail":"BindingUnknown"})"));
  EXPECT_FALSE(is_told(404, "<html>BindingUnknown</html>"));
  EXPECT_FALSE(is_told(404, ""));
  EXPECT_FALSE(is_told(409, R"({"code":"BindingUnknown"})"));
  EXPECT_FALSE(is_told(503, ""));
}

// The agreement may get its URL in the next minute: what a moment without it lost would hold him there for ever.
TEST(BindingHolds, AreToldOnceThereIsALink) {
  HoldBed bed;
  bed.set_enabled(false);
  bed.set_enabled(true);
  bed.pass(10);
  EXPECT_GE(bed.owed_of("hold"), 1U);
  const std::string key = binding_key("alpha", bed.binding());
  ASSERT_TRUE(bed.wait(set_binding_state(&bed.migration, "alpha", {key, BindingState::Revoked, {}, {}})));
  ASSERT_TRUE(bed.put(good_binding()).has_value());
  const std::string inbound = binding_key("alpha", good_binding());
  ASSERT_TRUE(bed.wait(set_binding_state(&bed.migration, "alpha", {inbound, BindingState::Revoked, {}, {}})));
  bed.pass(10);
  EXPECT_EQ(bed.owed_of("revoke"), 1U);
  EXPECT_EQ(bed.owed_of("ended"), 1U);
}

TEST(BindingHolds, ThatAreGivenUpShowInTheTrace) {
  HoldBed bed;
  const std::string primary = bed.binding().primary_impi;
  std::string payload("hold");
  for (const std::string& part : {std::string("alpha"), std::string(kThere), primary}) payload += '\0' + part;
  const storage::OutboxRow row{"given", 0, 0, 254, payload};
  const auto seen = bed.wait(bed.give_up(row, {Code::Unreachable, "held"}));
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(*seen, "alpha " + std::string(kThere) + " " + primary + " Unreachable");
}

// The partner system was away for longer than it is asked, and believes in what it was told before: for a hold, and for its
// end, which nobody else can tell it. The next start does.
TEST(BindingHolds, ThatWereGivenUpAreToldByTheNextStart) {
  HoldBed bed;
  const auto confirm = [&](bool is_held) {
    storage::Transaction change;
    put_told(change, "alpha", bed.binding(), is_held);
    ASSERT_TRUE(bed.wait(bed.context()->store.commit(std::move(change))));
  };
  const auto give_up_all = [&] {
    storage::Transaction change;
    const auto rows = bed.wait(bed.context()->store.range(broker::tables::kMigrationPools, "", "", 100));
    for (const storage::Record& row : *rows) {
      if (storage::decode_outbox_row(row.key, row.value.bytes()))
        change.erase(broker::tables::kMigrationPools, row.key);
    }
    ASSERT_TRUE(bed.wait(bed.context()->store.commit(std::move(change))));
    ASSERT_EQ(bed.owed_of("hold"), 0U);
  };
  const auto owed_by_a_start = [&] {
    EXPECT_TRUE(bed.restart().has_value());
    bed.run_owed([&] { return bed.owed_of("follow") == 0; });
    return bed.owed_of("hold");
  };
  EXPECT_EQ(owed_by_a_start(), 0U) << "nobody was ever held";
  bed.set_enabled(false);
  bed.run_owed([&] { return bed.owed_of("users") == 0; });
  give_up_all();
  EXPECT_EQ(owed_by_a_start(), 1U) << "it knows nothing of the hold";
  give_up_all();
  confirm(true);
  EXPECT_EQ(owed_by_a_start(), 0U);
  bed.set_enabled(true);
  bed.run_owed([&] { return bed.owed_of("users") == 0; });
  give_up_all();
  EXPECT_EQ(owed_by_a_start(), 1U) << "it holds him still";
  give_up_all();
  confirm(false);
  EXPECT_EQ(owed_by_a_start(), 0U);
  // Of a revoked one there is nothing to be said.
  confirm(true);
  const std::string key = binding_key("alpha", bed.binding());
  ASSERT_TRUE(bed.wait(set_binding_state(&bed.migration, "alpha", {key, BindingState::Revoked, {}, {}})));
  EXPECT_EQ(owed_by_a_start(), 0U);
}

// What an operator has suspended stays so.
TEST(BindingHolds, BringBackWhatWasThereOnly) {
  HoldBed bed;
  const std::string key = binding_key("alpha", bed.binding());
  ASSERT_TRUE(bed.wait(set_binding_state(&bed.migration, "alpha", {key, BindingState::Suspended, {}, {}})));
  bed.set_enabled(false);
  bed.set_enabled(true);
  EXPECT_EQ(bed.binding().state, BindingState::Suspended);
  EXPECT_FALSE(bed.binding().is_held);
}

TEST(BindingHolds, ABindingOfADisabledUserIsHeldFromTheFirst) {
  HoldBed bed;
  const identity::User bob = bed.add_user("bob");
  ASSERT_TRUE(bed.wait(identity::disable_user(bed.context(), "alpha", bob.sub)));
  Binding away = good_outbound("2");
  away.sub = bob.sub;
  const auto made = bed.put(away);
  ASSERT_TRUE(made.has_value());
  EXPECT_TRUE(made->binding.is_held);
  // Whoever says it again does not lift it; an inbound one is as its home system has said.
  EXPECT_TRUE(bed.put(away)->binding.is_held);
  ASSERT_TRUE(bed.put(good_binding()).has_value());
  const std::string key = binding_key("alpha", good_binding());
  ASSERT_TRUE(bed.wait(hold_binding(&bed.migration, "alpha", key, true, kThere)).has_value());
  Binding changed = good_binding();
  changed.not_after = 4'000'000'000;
  EXPECT_TRUE(bed.put(changed)->binding.is_held);
  EXPECT_TRUE(bed.wait(hold_binding(&bed.migration, "alpha", key, false, "mc.other.example"))
                  .failed_with(Code::BindingUnknown));
  EXPECT_FALSE(bed.wait(hold_binding(&bed.migration, "alpha", key, false, kThere))->is_held);
}

// Who is disabled between the look at him and the commit of his binding: the binding is not put as if he were not.
TEST(BindingHolds, ABindingThatIsPutMeanwhileIsOfTheUserAsHeIs) {
  HoldBed bed;
  const identity::User bob = bed.add_user("bob");
  Binding away = good_outbound("2");
  away.sub = bob.sub;
  std::optional<Result<Unit>> disabled;
  std::optional<Result<Stored>> stored;
  runtime::Scope scope;
  bed.store().hold_commits();
  bed.run_until([&, step = 0]() mutable {
    if (step == 0 || (step == 1 && bed.store().commits_held() == 1)) {
      if (step++ == 0) {
        scope.spawn(storage::keep_result(identity::disable_user(bed.context(), "alpha", bob.sub), &disabled));
      } else {
        BindingDraft draft{away, std::nullopt};
        scope.spawn(storage::keep_result(put_binding(&bed.migration, "alpha", std::move(draft)), &stored));
      }
    }
    if (step == 2 && bed.store().commits_held() == 2) {
      ++step;
      bed.store().release_commits();
    }
    return disabled && stored;
  });
  EXPECT_TRUE(disabled->has_value());
  EXPECT_TRUE(stored->failed_with(Code::Conflict));
  EXPECT_TRUE(bed.put(away)->binding.is_held);
}

class Owed : public MigrationBed {
 public:
  std::string of(const Binding& before, const Binding& after, bool by_other = false) {
    storage::Transaction change;
    EXPECT_TRUE(put_what_follows(*context(), change, "beta", before, after, by_other));
    std::string kinds;
    for (const auto& row : change.writes()) {
      if (row.table != broker::tables::kMigrationPools) continue;
      const auto decoded = storage::decode_outbox_row(row.key, as_bytes(row.value));
      EXPECT_TRUE(decoded && read_outbox_work(decoded->payload));
      if (decoded) kinds += decoded->payload.substr(0, decoded->payload.find('\0')) + " ";
    }
    return kinds;
  }
  static Binding in(BindingState state, bool is_held = false) {
    Binding binding = good_binding();
    binding.state = state;
    binding.is_held = is_held;
    return binding;
  }
  static Binding out(BindingState state, bool is_held = false) {
    Binding binding = good_outbound();
    binding.state = state;
    binding.is_held = is_held;
    binding.partner_impi = "p1@home.example";
    binding.is_configured_by_procedure = true;
    return binding;
  }
};

TEST(BindingHolds, WhatAChangeOwesTheOtherSystem) {
  Owed bed;
  using State = BindingState;
  // Ours, revoked: the S-CSCF parts from him and his home hears of it, unless that is who says so.
  EXPECT_EQ(bed.of(Owed::in(State::Active), Owed::in(State::Revoked)), "terminate ended ");
  EXPECT_EQ(bed.of(Owed::in(State::Active), Owed::in(State::Revoked), true), "terminate ");
  EXPECT_EQ(bed.of(Owed::in(State::Active), Owed::in(State::Active, true), true), "terminate ");
  EXPECT_EQ(bed.of(Owed::in(State::Active, true), Owed::in(State::Active), true), "");
  EXPECT_EQ(bed.of(Owed::in(State::Revoked), Owed::in(State::Revoked)), "");
  // Of a user of ours.
  EXPECT_EQ(bed.of(Owed::out(State::Active), Owed::out(State::Revoked)), "revoke ");
  EXPECT_EQ(bed.of(Owed::out(State::Active), Owed::out(State::Revoked), true), "");
  EXPECT_EQ(bed.of(Owed::out(State::Active), Owed::out(State::Active, true)), "hold ");
  EXPECT_EQ(bed.of(Owed::out(State::Revoked), Owed::out(State::Revoked, true)), "");
  const std::string again = bed.of(Owed::out(State::Active, true), Owed::out(State::Active));
  EXPECT_EQ(again, "hold prepare ") << "a grant that still stands";
  EXPECT_EQ(bed.of(Owed::out(State::Prepared), Owed::out(State::Pending)), "prepare ");
}

// A renewal of an earlier build's record, which says nothing of it.
TEST(BindingHolds, AreKept) {
  Binding binding = good_binding();
  binding.is_held = true;
  EXPECT_NE(encode_binding(binding), encode_binding(good_binding()));
  MigrationBed bed;
  ASSERT_TRUE(bed.put(good_binding()).has_value());
  EXPECT_FALSE(bed.wait(read_binding(bed.context(), binding_key("alpha", good_binding())))->is_held);
}

}  // namespace
}  // namespace claviger::migration
