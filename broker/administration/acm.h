// Acm: the administrative configuration management server of every tenant (TS 23.280 clause 10.17; TR 23.700-38 clause 7):
// setting users up at partner systems, for our ACM clients, and here, for partners.
//
// One per process, made by Broker. Everything runs on its home shard (0); the functions below may be called on any. What
// was asked is durable before it is acknowledged, and each step follows from the records: after a restart start() takes up
// what was left undone. To a partner a request goes under one idempotency key until it was answered; here a user is set up
// under names that follow from his own, so that doing it again changes nothing.
//
// Codes: AcmPartnerUnknown, AcmClientUnknown, AcmNotAuthorised, AcmQuota, SetupUnknown, SetupDecided,
// SetupListTooLong, IdempotencyKeyReused, BadValue; what the store says.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/administration/acm_message.h"
#include "broker/administration/acm_records.h"
#include "broker/context.h"
#include "broker/partners/partners.h"
#include "core/base/secret.h"
#include "core/http/client.h"
#include "core/runtime/scope.h"
#include "core/runtime/task.h"
#include "core/runtime/turns.h"
#include "storage/transaction.h"

namespace claviger::migration {
class Migration;  // broker/migration/migration.h
}

namespace claviger::administration {

// Answers are kept this long for who asks again with the same key.
inline constexpr std::int64_t kJournalKept = 8 * 86'400;
// A partner that does not answer: asked again after 1 s, 2 s, ... this long, until it does or the request is withdrawn,
inline constexpr Seconds kRetryFirst{1};
inline constexpr Seconds kRetryLast{60};
// or this has passed since it was asked and it was never taken: then it fails, with what was in the way.
inline constexpr std::int64_t kAskedMax = 30 * 86'400;
// What has ended and holds nobody is kept so long for who asks what became of it.
inline constexpr std::int64_t kSetupsKept = 90 * 86'400;
inline constexpr std::int64_t kForgetEvery = 86'400;
// Of one partner, waiting for somebody's decision or for their work.
inline constexpr std::size_t kSetupsOpenMax = 1024;
// A page of a list: so many requests, or no more after so many users that it names, or were read to be counted.
inline constexpr std::size_t kListedMax = 256;
inline constexpr std::size_t kListedUsersMax = 2 * kUsersMax;
inline constexpr std::size_t kCountedUsersMax = 50 * kUsersMax;
// Read at a time: each may be some MiB.
inline constexpr std::size_t kSetupsPage = 4;
// Users set up side by side: their commits share batches of the store.
inline constexpr std::size_t kSideBySide = 64;
// How often is looked for users whose time begins or ends.
inline constexpr Seconds kValidityEvery{15};

using Contexts = std::vector<std::unique_ptr<broker::Context>>;

// Who asks, as the endpoint found out.
struct Asker {
  std::string acmc;  // of an ACM client: the record's id
  std::string who;   // for people
  std::string idempotency_key;
  std::string body_digest;
};

struct TargetView {
  std::string system;
  StageRecord stage;
  std::vector<UserResult> users;
};
struct SetupView {
  Setup setup;
  std::vector<TargetView> targets;
  // RUNNING, DONE, PARTIAL, FAILED, WITHDRAWN.
  std::string state() const;
};

class Acm {
 public:
  Acm(Contexts& contexts, partners::Partners& partners);
  Acm(const Acm&) = delete;
  Acm& operator=(const Acm&) = delete;
  ~Acm();

  // Before start(): whose bindings end with a withdrawal; null: nobody's. Alive as long as this.
  void use_migration(migration::Migration* migration) { migration_ = migration; }

  // On the home shard.
  runtime::Task<Result<Unit>> start();
  void close();

  broker::Context& home() { return *contexts_.front(); }

  // Who may ask whom. `key`: the private key of certificate_pem; empty: the one that is there stays.
  runtime::Task<Result<Unit>> put_client(std::string tenant, AcmClient record);
  runtime::Task<Result<Unit>> remove_client(std::string tenant, std::string id);
  runtime::Task<Result<std::vector<AcmClient>>> list_clients(std::string tenant);
  runtime::Task<Result<Unit>> put_partner(std::string tenant, AcmPartner record, std::shared_ptr<SecretBytes> key);
  runtime::Task<Result<Unit>> remove_partner(std::string tenant, std::string system);
  runtime::Task<Result<std::vector<AcmPartner>>> list_partners(std::string tenant);

  // The home side. ask: the id of the request, a former one's for a key that was used with the same body.
  runtime::Task<Result<std::string>> ask(std::string tenant, Asker asker, std::shared_ptr<const Setup> setup);
  runtime::Task<Result<SetupView>> view(std::string tenant, std::string id);
  // Pages; `after` is the `next` of the one before, empty for the first. BadValue: `after` is none.
  struct SetupHead {
    Setup setup;  // without its users
    std::size_t users = 0;
  };
  struct SetupPage {
    std::vector<SetupHead> setups;
    std::string next;  // empty: this is the last
  };
  runtime::Task<Result<SetupPage>> list(std::string tenant, std::string after, std::size_t limit);
  runtime::Task<Result<Unit>> withdraw(std::string tenant, std::string id, std::string who);

  // The partner side, for the system `home`.
  runtime::Task<Result<std::string>> accept(std::string tenant, AcmPartner from, Asker asker,
                                            std::shared_ptr<const Setup> setup);
  struct InboundView {
    Setup setup;
    StageRecord stage;
    std::vector<UserResult> users;
    std::size_t asked = 0;  // in a list: of users
  };
  runtime::Task<Result<InboundView>> inbound(std::string tenant, std::string home_system, std::string id);
  // What is still to be decided or done comes first.
  struct InboundPage {
    std::vector<InboundView> views;
    std::string next;
  };
  enum class Users : std::uint8_t { Named, Counted };
  runtime::Task<Result<InboundPage>> list_inbound(std::string tenant, std::string after, std::size_t limit,
                                                  Users users = Users::Named);
  runtime::Task<Result<Unit>> decide(std::string tenant, std::string home_system, std::string id, bool is_approved,
                                     std::string who);
  runtime::Task<Result<Unit>> withdraw_inbound(std::string tenant, std::string home_system, std::string id,
                                               std::string who);

 private:
  struct Link {
    Link(runtime::Shard& shard, http::ClientOptions options) : client(shard, std::move(options)) {}
    http::Client client;
  };
  struct Journal {
    std::string key;  // of the record
    std::string id;   // of a former request; empty: none
  };
  template <typename T, typename Start>
  runtime::Task<Result<T>> at_home(Start start_there);

  runtime::Task<Result<Journal>> look_up(std::string tenant, std::string asker, Asker said);
  void remember(storage::Transaction& transaction, const Journal& journal, const Asker& said, const std::string& id);
  runtime::Task<Result<AcmPartner>> find_partner(std::string tenant, std::string system);
  runtime::Task<Result<Setup>> find_setup(std::string key);
  runtime::Task<Result<StageRecord>> find_stage(std::string key);
  runtime::Task<Result<Unit>> put_stage(std::string key, StageRecord record);
  runtime::Task<bool> pause(Seconds seconds);  // false: closing

  // acm_home.cc
  runtime::Task<Result<std::string>> ask_here(std::string tenant, Asker asker, std::shared_ptr<const Setup> setup);
  runtime::Task<Result<Setup>> check_asked(std::string tenant, std::string acmc, std::shared_ptr<const Setup> setup);
  runtime::Task<Result<SetupView>> view_here(std::string tenant, std::string id);
  runtime::Task<Result<Unit>> withdraw_here(std::string tenant, std::string id, std::string who);
  void follow(std::string tenant, std::string id, std::string system);
  runtime::Task<void> follow_target(std::string tenant, std::string id, std::string system);
  // Requests of before there was a list of who is abroad, one after the other: each reads all of its users.
  struct Target {
    std::string tenant, id, system;
  };
  runtime::Task<void> list_former(std::vector<Target> targets);
  void note_retry(std::string_view tenant, std::string_view id, std::string_view system, const Error& error);
  // True: it ended, in one way or another.
  runtime::Task<Result<bool>> step(std::string tenant, std::string id, std::string system);
  runtime::Task<Result<std::shared_ptr<Link>>> link_to(std::string tenant, std::shared_ptr<const AcmPartner> partner);
  runtime::Task<Result<Unit>> keep_results(std::string tenant, std::string id, std::string system,
                                           std::shared_ptr<const ResultMessage> message);

  // acm_abroad.cc
  runtime::Task<Result<Unit>> list_abroad(std::string tenant, std::string id, std::string system,
                                          std::uint64_t version);
  runtime::Task<Result<Unit>> end_abroad(std::string tenant, std::string id, std::string system);

  // acm_bindings.cc
  runtime::Task<Result<std::set<std::string>>> held_by_nobody_else(std::string tenant, std::string id,
                                                                   std::string system, bool may_hold_unsaid);
  runtime::Task<Result<Unit>> end_bindings(std::string tenant, std::string id, std::string system,
                                           bool may_hold_unsaid);

  // acm_partner.cc
  runtime::Task<Result<std::string>> accept_here(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                                 Asker asker, std::shared_ptr<const Setup> setup);
  runtime::Task<Result<InboundView>> inbound_here(std::string tenant, std::string home_system, std::string id);
  runtime::Task<Result<Unit>> change_inbound(std::string tenant, std::string home_system, std::string id, Stage to,
                                             std::string who);
  void work(std::string tenant, std::string home_system, std::string id);
  runtime::Task<void> work_on(std::string tenant, std::string home_system, std::string id);
  runtime::Task<Result<Unit>> run_inbound(std::string tenant, std::string home_system, std::string id);
  runtime::Task<Result<Unit>> abandon_inbound(std::string tenant, std::string home_system, std::string id);
  runtime::Task<Result<Unit>> undo_inbound(std::string tenant, std::string home_system, std::string id);
  runtime::Task<void> set_up_into(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                  std::shared_ptr<const Setup> setup, std::size_t index, std::string* status);
  runtime::Task<Result<bool>> set_up(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                     std::shared_ptr<const Setup> setup, std::size_t index);
  runtime::Task<Result<bool>> set_up_in_turn(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                             std::shared_ptr<const Setup> setup, std::size_t index);

  // acm_expiry.cc
  runtime::Task<Result<Unit>> erase_users(std::string prefix);
  runtime::Task<Result<bool>> has_visitors(std::string tenant, std::string home_system, std::string id);
  runtime::Task<Result<Unit>> forget_inbound(std::string tenant, std::int64_t before);
  runtime::Task<Result<Unit>> forget_outbound(std::string tenant, std::int64_t before);
  runtime::Task<Result<Unit>> forget_ended(std::string tenant);

  // acm_quota.cc
  runtime::Task<Result<Unit>> count_visitors(std::string tenant, std::string system);
  runtime::Task<Result<Unit>> check_room(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                         std::shared_ptr<const Setup> setup);
  runtime::Task<Result<Unit>> take_place(std::string tenant, std::shared_ptr<const AcmPartner> from);
  void give_up_place(std::string_view tenant, std::string_view system);

  // acm_visitor.cc
  runtime::Task<Result<std::string>> local_user(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                                std::shared_ptr<const Setup> setup, std::size_t index);
  runtime::Task<Result<Unit>> check_not_shut(std::string tenant, std::shared_ptr<const Visitor> visitor);
  runtime::Task<Result<Unit>> open_visitor(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                           std::shared_ptr<const Visitor> visitor);
  runtime::Task<Result<Unit>> close_visitor(std::string tenant, std::string idms,
                                            std::shared_ptr<const Visitor> visitor);
  runtime::Task<Result<Unit>> end_visitor(std::string tenant, std::string home_system,
                                          std::shared_ptr<const Visitor> visitor);
  runtime::Task<Result<Unit>> take_back(std::string tenant, std::string home_system, std::string mc_id,
                                        std::string setup);
  runtime::Task<Result<Unit>> give_back(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                        std::shared_ptr<const Visitor> present, std::shared_ptr<const Visitor> before);
  runtime::Task<Result<std::optional<Visitor>>> former_visitor(std::string tenant, std::string home_system,
                                                               std::string mc_id, std::string id);
  runtime::Task<Result<std::vector<std::string>>> former_rows(std::string tenant, std::string home_system,
                                                              std::string mc_id, std::string from, std::string until);
  runtime::Task<Result<bool>> still_asks(std::string tenant, std::string home_system, std::string id,
                                         std::string mc_id);
  runtime::Task<void> watch_validity();
  void note_time(const std::string& tenant, const Visitor& visitor);
  runtime::Task<Result<Unit>> look_at_validity(std::string tenant);
  runtime::Task<Result<Unit>> look_at_everybody(std::string tenant);
  runtime::Task<Result<Unit>> look_at_time(std::string tenant, std::string system, std::string key);

  Contexts& contexts_;
  partners::Partners& partners_;
  migration::Migration* migration_ = nullptr;
  runtime::Turns turns_;
  std::map<std::string, std::pair<std::string, std::shared_ptr<Link>>>
      links_;                        // by record key: its text, and the client
  std::set<std::string> busy_;       // what is followed or worked on
  std::set<std::string> under_way_;  // stages that have not ended, by their keys; all those of partners' requests
  std::int64_t forgot_at_ = 0;
  // Visitors by agreement, from the first time that somebody asks; by tenant no visitor's time begins or ends before this.
  // All writers of their rows are on the home shard and keep them right.
  std::map<std::string, std::uint64_t, std::less<>> visitors_;
  std::map<std::string, std::int64_t, std::less<>> due_;
  bool is_closing_ = false;
  runtime::Scope scope_;  // last: its tasks use all of the above
};

// For the files of Acm.
std::string setup_key(std::string_view tenant, std::string_view id);
std::string target_key(std::string_view tenant, std::string_view id, std::string_view system);
std::string result_row(std::string_view tenant, std::string_view id, std::string_view system, std::string_view mc_id);
std::string inbound_key(std::string_view tenant, std::string_view home_system, std::string_view id);
std::string state_key(std::string_view tenant, std::string_view home_system, std::string_view id);
std::string visitor_key(std::string_view tenant, std::string_view home_system, std::string_view mc_id);
std::string former_key(std::string_view tenant, std::string_view home_system, std::string_view id,
                       std::string_view mc_id);
std::string user_row(std::string_view tenant, std::string_view home_system, std::string_view id,
                     std::string_view mc_id);
bool is_in_domains(std::string_view mc_id, const std::vector<std::string>& domains);
// A record that does not decode is named, by a digest of its key, which may be somebody's identity, and passed over: it stands in
// nobody else's way.
void name_skipped(broker::Context& context, std::string_view prefix, std::string_view key, const Error& error);

}  // namespace claviger::administration
