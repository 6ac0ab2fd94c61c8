// CapifLink: what goes between this key management server and one CAPIF core function in the background: it registers as
// an API provider, publishes SS_KeyInfoRetrieval, fetches its access control policy, and sends the log of its invocations
// (TS 23.222, TS 29.222).
//
//   POST {url}/api-provider-management/v1/registrations          until a provider id is known
//   POST {url}/published-apis/v1/{apfId}/service-apis            until a service API id is known
//   GET  {url}/access-control-policy/v1/accessControlPolicyList/{serviceApiId}?aef-id=   every kPolicyEvery, and when told
//   POST {url}/capif-events/v1/{aefId}/subscriptions             until it tells us of changes of that policy
//   POST {url}/api-invocation-logs/v1/{aefId}/logs               one request an invoker, at most kLogBatchMax calls
// What must still be done follows from the record (capif_core.h), so that it is taken up after a restart; what was answered
// is committed before the next step. A crash between an answer and its commit registers once more: the core function sees
// the same provider domain again. Failures are tried again with pauses that double.
// Home shard only; owned by Capif, gone before the shard is.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/seal_keys/capif_core.h"
#include "broker/seal_keys/invocation.h"
#include "broker/seal_keys/policy_guard.h"
#include "core/base/result.h"
#include "core/http/client.h"
#include "core/runtime/scope.h"
#include "core/runtime/task.h"

namespace claviger::seal_keys {

// Calls that wait to be logged: a minute of a thousand invokers; beyond it the oldest go, uncounted by the core function
// but counted by us. The answers to invokers never wait for this queue.
inline constexpr std::size_t kLogQueueMax = 4096;
inline constexpr std::size_t kLogBatchMax = 64;
inline constexpr Seconds kLogEvery{1};
inline constexpr Seconds kPolicyEvery{60};
inline constexpr Seconds kCapifRetryFirst{1};
inline constexpr Seconds kCapifRetryLast{300};

// Below the tenant's endpoints: where the core function tells us of events.
inline constexpr std::string_view kNotificationsPath = "/capif-notifications/v1";

class CapifLink {
 public:
  // A record that the core function's answer changed, committed.
  using Changed = std::function<void(CapifCore core)>;

  // `guard`: who gets the access control policy; null: it is not asked for.
  CapifLink(broker::Context& context, std::string tenant, CapifCore core, std::shared_ptr<const net::TlsContext> tls,
            std::shared_ptr<PolicyGuard> guard, Changed changed);
  CapifLink(const CapifLink&) = delete;
  CapifLink& operator=(const CapifLink&) = delete;
  ~CapifLink();

  // Once.
  void start();
  void log(Invocation invocation);
  // The core function says that its policy changed: it is fetched at once.
  void refresh_policy();

  std::string_view state() const;
  std::uint64_t logs_sent() const { return logs_sent_; }
  std::uint64_t logs_dropped() const { return logs_dropped_; }
  std::size_t logs_queued() const { return queue_.size(); }
  std::string_view last_error() const { return last_error_; }
  std::string_view policy_error() const { return policy_error_; }
  const CapifCore& core() const { return core_; }

 private:
  runtime::Task<void> announce();
  runtime::Task<void> send_logs();
  runtime::Task<Result<Unit>> register_provider();
  runtime::Task<Result<Unit>> publish_api();
  runtime::Task<Result<Unit>> send_batch();
  runtime::Task<void> follow_policy();
  runtime::Task<void> fetch_while_wanted();
  runtime::Task<Result<Unit>> fetch_policy();
  runtime::Task<Result<Unit>> subscribe();
  runtime::Task<void> unsubscribe();
  runtime::Task<Result<Unit>> unsubscribe_once();
  runtime::Task<Result<Unit>> keep(CapifCore core);
  Result<http::ClientRequest> request(http::Method method, std::string_view path, std::string body = {});
  std::string own_id() const { return core_.assigned_aef_id.empty() ? core_.aef_id : core_.assigned_aef_id; }
  void note(const Result<Unit>& result);
  void note_policy(const Result<Unit>& result);

  broker::Context& context_;
  const std::string tenant_;
  CapifCore core_;
  http::Client client_;
  std::shared_ptr<PolicyGuard> guard_;
  Changed changed_;
  bool is_policy_wanted_ = false, is_fetching_policy_ = false;
  std::string_view policy_error_;
  std::deque<Invocation> queue_;
  std::uint64_t logs_sent_ = 0;
  std::uint64_t logs_dropped_ = 0;
  std::string_view last_error_;
  runtime::Scope scope_;  // last: its tasks use all of the above
};

}  // namespace claviger::seal_keys
