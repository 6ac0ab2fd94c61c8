// Administration with one partner, "home.example", whose requests the test makes; and one where ours go nowhere.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "broker/administration/acm.h"
#include "broker/migration/migration_service.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "tests/broker/partners/partner_bed.h"

namespace claviger::administration {

namespace tables = broker::tables;

inline constexpr const char* kHome = "home.example";

class AcmBed : public partners::PartnerBed {
 public:
  AcmBed() {
    partners::PartnerDraft draft = draft_of(home);
    draft.domains = {kHome};
    EXPECT_TRUE(add(std::move(draft)));
    EXPECT_TRUE(wait(acm.start()));
    put_partner();
  }
  ~AcmBed() {
    acm.close();
    run_turns(8);
  }

  static AcmPartner agreement() {
    AcmPartner partner;
    partner.system = kHome;
    partner.own_system = "here.example";
    partner.certificate_digest = std::string(64, 'a');
    partner.partner = "home";
    partner.domains = {kHome};
    return partner;
  }
  void put_partner(bool is_manual = false) {
    AcmPartner partner = agreement();
    partner.is_manual = is_manual;
    EXPECT_TRUE(wait(acm.put_partner("alpha", std::move(partner), nullptr)));
  }
  static std::string mc_id(const std::string& name) { return "sip:" + name + "@home.example"; }
  static SetupUser user(const std::string& name, const std::string& service = "mcptt") {
    SetupUser user;
    user.mc_id = mc_id(name);
    const auto at = std::ranges::find(kServices, service) - kServices.begin();
    user.service_ids[static_cast<std::size_t>(at)] = "sip:" + name + "." + service + "@home.example";
    return user;
  }

  // Asked by the home system; done when this returns, unless somebody has to decide.
  Stage ask(const std::string& id, std::vector<SetupUser> users, bool is_all_or_nothing = false) {
    Setup setup;
    setup.home = kHome;
    setup.targets = {"here.example"};
    setup.users = std::move(users);
    setup.is_all_or_nothing = is_all_or_nothing;
    auto known = wait(acm.list_partners("alpha"));
    EXPECT_TRUE(known && !known->empty());
    Asker asker;
    asker.who = kHome;
    asker.idempotency_key = id;
    asker.body_digest = std::string(64, '0');
    const auto accepted = wait(acm.accept("alpha", known->front(), asker, std::make_shared<const Setup>(setup)));
    EXPECT_TRUE(accepted);
    return settled(id);
  }
  Stage settled(const std::string& id) {
    for (;;) {
      const auto view = wait(acm.inbound("alpha", kHome, id));
      EXPECT_TRUE(view);
      if (!view) return Stage::Failed;
      const Stage stage = view->stage.stage;
      if (stage != Stage::Running && stage != Stage::Withdrawing) return stage;
      run_turns(1);
    }
  }
  Stage withdraw(const std::string& id) {
    EXPECT_TRUE(wait(acm.withdraw_inbound("alpha", kHome, id, "home")));
    return settled(id);
  }
  std::string status(const std::string& id, const std::string& name) {
    const auto view = wait(acm.inbound("alpha", kHome, id));
    for (const UserResult& each : view->users) {
      if (each.mc_id == mc_id(name)) return each.status;
    }
    return {};
  }

  // As whom he is known here; nothing: he may not come. With the services he has identities for.
  std::optional<identity::User> visitor(const std::string& name) {
    const auto mapped = wait(
        partners::read_partner_user(context(), "alpha", "home", partners::PartnerUserKind::PrimaryMcId, mc_id(name)));
    if (!mapped) return std::nullopt;
    auto found = wait(identity::find_user(context(), "alpha", mapped->sub));
    if (!found || found->status != identity::UserStatus::Enabled) return std::nullopt;
    return *found;
  }
  bool is_listed(const std::string& id) {
    return wait(context()->store.get(tables::kMigrationServices, broker::record_key({"alpha", kHome, id}))).has_value();
  }
  // Whether he may ask for service as this, as far as lists go.
  bool may_be(const std::string& name, const std::string& id) {
    const auto user = visitor(name);
    EXPECT_TRUE(user) << name;
    return user && wait(migration::check_listed(context(), "alpha", kHome, id, user->sub)).has_value();
  }
  void put(storage::TableId table, const std::string& key, const std::string& value) {
    storage::Transaction change;
    change.put(table, key, as_bytes(value));
    EXPECT_TRUE(wait(context()->store.commit(std::move(change))));
  }
  // Somebody whom nothing can be done about: what there is of him does not decode.
  void spoil(const std::string& name) { put(tables::kAcmUsers, visitor_key("alpha", kHome, mc_id(name)), "\1{"); }

  // What is kept of visitors as earlier requests had left them.
  std::size_t formers() {
    const std::string prefix = broker::record_prefix({"alpha", "former"});
    const auto rows = wait(context()->store.range(tables::kAcmUsers, prefix, broker::record_prefix_end(prefix), 100));
    EXPECT_TRUE(rows);
    return rows ? rows->size() : 0;
  }
  // Asked, and nothing waited for.
  void begin(const std::string& id, std::vector<SetupUser> users) {
    Setup setup;
    setup.home = kHome;
    setup.targets = {"here.example"};
    setup.users = std::move(users);
    auto known = wait(acm.list_partners("alpha"));
    Asker asker;
    asker.who = kHome;
    asker.idempotency_key = id;
    asker.body_digest = std::string(64, '0');
    EXPECT_TRUE(wait(acm.accept("alpha", known->front(), asker, std::make_shared<const Setup>(setup))));
  }

  Contexts& all_contexts() { return contexts_; }

  partners::OtherSystem home{"home"};
  Acm acm{contexts_, partners};
};

class AskingBed : public AcmBed {
 public:
  AskingBed() {
    identity::UserDraft draft;
    draft.login = "carl";
    draft.mc_id = "sip:carl@here.example";
    EXPECT_TRUE(wait(identity::create_user(context(), "alpha", std::move(draft))));
    AcmClient chief;
    chief.id = "sip:chief@here.example";
    EXPECT_TRUE(wait(acm.put_client("alpha", chief)));
    AcmPartner away = agreement();
    away.url = "https://127.0.0.1:1/acm/v1/alpha/user-setups";  // nobody is there
    EXPECT_TRUE(wait(acm.put_partner("alpha", std::move(away), nullptr)));
  }
  Result<std::string> ask(const Setup& setup, const std::string& key = "0123456789") {
    Asker asker;
    asker.acmc = "sip:chief@here.example";
    asker.who = asker.acmc;
    asker.idempotency_key = key;
    asker.body_digest = std::string(64, '0');
    return wait(acm.ask("alpha", asker, std::make_shared<const Setup>(setup)));
  }
  std::string ask_there() {
    Setup setup;
    setup.targets = {kHome};
    setup.users.emplace_back().mc_id = "sip:carl@here.example";
    const auto asked = ask(setup);
    EXPECT_TRUE(asked);
    return asked ? *asked : std::string();
  }
  TargetView target(const std::string& id) { return wait(acm.view("alpha", id))->targets.front(); }
  // Until the target has ended; it is looked at again after pauses that grow to a minute.
  Stage ended(const std::string& id) {
    const auto is_open = [](Stage stage) {
      return stage == Stage::Sending || stage == Stage::Waiting || stage == Stage::Withdrawing;
    };
    while (is_open(target(id).stage.stage)) {
      clock().advance(kRetryLast);
      run_turns(4);
    }
    return target(id).stage.stage;
  }
};

}  // namespace claviger::administration
