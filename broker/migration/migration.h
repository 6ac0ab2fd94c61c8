// Migration: the migration management server (MMS) of this process, for all tenants: partner system of users who come,
// primary system of users who go (TS 23.280 clauses 7.4.2.4, 10.1.6, 10.6.2, 10.6.3).
//
// One per process, made by Broker after the Contexts. What changes runs on the home shard (0), one change a tenant at a
// time; table(), cache(), trace() and counters() are of the calling shard. What one system owes another over HTTPS
// (identities to be asked for, a binding to be revoked) is a row of the outbox, put with the change that causes it; the
// rows lie in tables::kMigrationPools, before those of all tenants: they begin with a NUL octet, a tenant's with a letter.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/migration/agreement_table.h"
#include "broker/migration/binding.h"
#include "broker/migration/binding_cache.h"
#include "broker/migration/partner_counters.h"
#include "broker/migration/system_link.h"
#include "broker/migration/trace.h"
#include "core/base/result.h"
#include "core/runtime/one_shot.h"
#include "core/runtime/task.h"
#include "core/runtime/turns.h"
#include "storage/outbox.h"

namespace claviger::migration {

using Contexts = std::vector<std::unique_ptr<broker::Context>>;

// Who can tell an S-CSCF that a visitor is none any more (broker/migration/relay.h).
class Terminator {
 public:
  virtual runtime::Task<Result<Unit>> part_from(std::string tenant, BindingRef binding) = 0;

 protected:
  ~Terminator() = default;
};

class Migration final : public storage::OutboxHandler {
 public:
  explicit Migration(Contexts& contexts);
  Migration(const Migration&) = delete;
  Migration& operator=(const Migration&) = delete;
  ~Migration() override;

  // On the home shard: reads the agreements, publishes, takes up what was left undone.
  runtime::Task<Result<Unit>> start();
  // On the home shard: what is under way with other systems ends, nothing begins.
  runtime::Task<void> close();

  broker::Context& home() { return *contexts_.front(); }
  Contexts& contexts() { return contexts_; }
  // On the home shard: "agreements" while agreements change, "bindings/" tenant while bindings do.
  runtime::Turns& turns() { return turns_; }
  // On the home shard, with the turn held: reads all agreements again and publishes.
  runtime::Task<Result<Unit>> reload();
  // On the home shard: null without an agreement that has a link.
  std::shared_ptr<SystemLink> link(const std::string& tenant, const std::string& system);
  // On the home shard, after the commit: returns when no shard knows the former records any more.
  runtime::Task<void> publish_bindings(std::vector<std::string> keys);
  // On the home shard: rows were put.
  void wake_outbox() { outbox_->wake(); }
  // On the home shard: returns when the binding of this key has been settled with the other system, or with how that
  // failed this time.
  runtime::Task<Result<Unit>> wait_for_settled(std::string key);

  // Before start(), alive until after close(); null: there is no Diameter here.
  void use_terminator(Terminator* terminator) { terminator_ = terminator; }
  Terminator* terminator() const { return terminator_; }

  std::shared_ptr<const AgreementTable> table() const;
  BindingCache& cache();
  // Of the calling shard: counts changes of agreements and bindings that it was told.
  std::uint64_t generation() const;
  Trace& trace();
  PartnerCounters& counters(const AgreementView& view);
  const PartnerCounters& counters(std::size_t shard, const AgreementView& view) const;

  // Any shard: from its cache, else from the store. BindingUnknown.
  runtime::Task<Result<BindingRef>> find_binding(std::string key);

  runtime::Task<Result<Unit>> handle(storage::OutboxRow row) override;
  void gave_up(const storage::OutboxRow& row, const Error& error) override;

 private:
  using Name = std::pair<std::string, std::string>;  // tenant, system
  struct PerShard {
    std::shared_ptr<const AgreementTable> table = std::make_shared<const AgreementTable>();
    std::uint64_t tables = 0;  // that there were
    BindingCache cache;
    Trace trace;
    std::unique_ptr<PartnerCounters[]> counters = std::make_unique<PartnerCounters[]>(kAgreementsMax);
  };
  PerShard& here();
  runtime::Task<Result<std::map<Name, Agreement>>> load();
  runtime::Task<void> publish();
  runtime::Task<Result<Unit>> renew_links();
  runtime::Task<Result<Unit>> make_link(Name name, Agreement agreement);
  void settled(const std::string& key, Result<Unit> outcome);

  Contexts& contexts_;
  std::vector<std::unique_ptr<PerShard>> shards_;
  runtime::Turns turns_;
  Terminator* terminator_ = nullptr;
  std::map<Name, Agreement> records_;
  std::map<Name, std::size_t> slots_;  // never given to another: counters go on when an agreement comes back
  std::map<Name, std::shared_ptr<SystemLink>> links_;
  std::map<std::string, std::vector<runtime::Completer<Result<Unit>>>> waiting_;  // by the binding's key
  std::unique_ptr<storage::Outbox> outbox_;  // last: its tasks use all of the above
};

}  // namespace claviger::migration
