// Kms: this process's key management servers, one a tenant: their domains with opened secrets on every shard, and the
// pool in which keys are extracted.
//
// One per process, made by Broker after the Contexts; stopped before the shards end. table() is of the calling shard.
// Changes of domains run on the home shard (0), one at a time.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/keys/domain.h"
#include "broker/keys/external_certificate.h"
#include "broker/keys/policy_filter.h"
#include "broker/keys/replay_guard.h"
#include "core/base/result.h"
#include "core/runtime/offload.h"
#include "core/runtime/task.h"
#include "core/runtime/turns.h"

namespace claviger::keys {

// Extractions that wait for a core: at 2 000 a second that is a second. Beyond it we say "later".
inline constexpr std::size_t kExtractionQueueMax = 2048;

struct LoadedDomain {
  std::string tenant;
  Domain domain;
  std::shared_ptr<const DomainKeys> keys;  // null: the ceremony that brings the secrets is pending
};
using DomainRef = std::shared_ptr<const LoadedDomain>;

// Of another domain, admitted (external_certificate.h).
using ExternalRef = std::shared_ptr<const ExternalCertificate>;

struct TenantDomains {
  std::vector<DomainRef> generations;  // ascending, at least one
  std::vector<ExternalRef> externals;  // by KMS URI and CertUri

  // The one that issues: the newest, unless even that is revoked.
  DomainRef active() const {
    const DomainRef& newest = generations.back();
    return newest->domain.state == DomainState::Active ? newest : nullptr;
  }
  // CacheNum of the certificate cache (D.3.4): of its last change.
  std::uint64_t cache_number() const;
};

struct DomainTable {
  std::map<std::string, TenantDomains, std::less<>> by_tenant;
  const TenantDomains* find(std::string_view tenant) const {
    const auto found = by_tenant.find(tenant);
    return found == by_tenant.end() ? nullptr : &found->second;
  }
};

using Contexts = std::vector<std::unique_ptr<broker::Context>>;

class PreIssue;    // broker/keys/pre_issue.h
class Extraction;  // broker/keys/extraction.h

class Kms {
 public:
  Kms(Contexts& contexts, std::size_t threads, std::vector<int> cpus);
  Kms(const Kms&) = delete;
  Kms& operator=(const Kms&) = delete;
  // When the shards still run, or never ran: what waits for the pool is thrown away there.
  ~Kms();

  // On the home shard: reads the domains and publishes them.
  runtime::Task<Result<Unit>> start();
  // On the home shard: nothing in the background any more.
  void stop();
  // Refuses extractions from now on and waits for those under way. Any thread; the shards still run.
  void close();

  broker::Context& home() { return *contexts_.front(); }
  // Held through a change of a domain and the publication that follows. On the home shard.
  runtime::Turns& turns() { return turns_; }
  // On the home shard, with the turn held.
  runtime::Task<Result<Unit>> reload();

  std::shared_ptr<const DomainTable> table() const;
  runtime::OffloadPool& pool() { return pool_; }
  Extraction& extraction() { return *extraction_; }  // any shard
  PreIssue& pre_issue() { return *pre_issue_; }      // on the home shard
  PolicyFilter& policies() { return policies_; }     // any thread
  const PolicyFilter& policies() const { return policies_; }
  // Before the first request: keys of this identity of the tenant are ours alone (registration's domain security identity,
  // TS 24.379 clause 6.6.2), whoever has the name in his token.
  void reserve(std::string_view tenant, std::string_view user_uri);
  bool is_reserved(std::string_view tenant, std::string_view user_uri) const;  // any thread, after that
  ReplayGuard& replays() { return *replays_; }                                 // any shard, after start()

 private:
  runtime::Task<Result<DomainTable>> load();
  runtime::Task<Result<Unit>> load_policies();
  runtime::Task<Result<DomainTable>> load_externals(DomainTable table);
  runtime::Task<Result<DomainRef>> load_one(storage::Value value, std::string key);

  Contexts& contexts_;
  std::vector<std::shared_ptr<const DomainTable>> tables_;  // by shard
  runtime::Turns turns_;
  PolicyFilter policies_;
  std::set<std::string, std::less<>> reserved_;  // user_policy_key()
  std::shared_ptr<ReplayGuard> replays_;
  runtime::OffloadPool pool_;
  std::unique_ptr<Extraction> extraction_;
  std::unique_ptr<PreIssue> pre_issue_;
};

}  // namespace claviger::keys
