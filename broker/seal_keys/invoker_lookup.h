// InvokerLookup: asks one CAPIF core function whether it trusts an API invoker with our AEF (TS 29.222 clause 8.5,
// CAPIF_Security_API; TS 33.122 clause 6.5.1; spec (keys) 9.3 step 5), when the operator wants it asked.
//
//   GET {url}/capif-security/v1/trustedInvokers/{apiInvokerId}?authenticationInfo=true&authorizationInfo=true
// An answer holds for a minute; of those who ask for one invoker meanwhile one asks and the others wait. While the core
// function does not answer, who was trusted stays so for some minutes more; nobody else is let in.
// Home shard only; kept by the procedures that use it, so that it may be replaced meanwhile.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/seal_keys/capif_core.h"
#include "core/base/result.h"
#include "core/codec/json_reader.h"
#include "core/http/client.h"
#include "core/runtime/task.h"
#include "core/runtime/turns.h"

namespace claviger::seal_keys {

inline constexpr Seconds kInvokerFresh{60};
inline constexpr Seconds kInvokerStale{600};
// API invokers of one KMS: VAL servers of a country.
inline constexpr std::size_t kInvokersKnownMax = 4096;

class InvokerLookup {
 public:
  // `turns` live as long as their shard: what is given back comes after the look-up is gone.
  InvokerLookup(broker::Context& context, runtime::Turns& turns, std::string tenant,
                std::shared_ptr<const net::TlsContext> tls);
  InvokerLookup(const InvokerLookup&) = delete;
  InvokerLookup& operator=(const InvokerLookup&) = delete;
  ~InvokerLookup();

  // `view`: the core function as it is known now. InvokerUnknown; DeadlinePassed: it does not answer.
  static runtime::Task<Result<Unit>> check(std::shared_ptr<InvokerLookup> self, CapifRef view, std::string id);

 private:
  struct Known {
    bool is_trusted = false;
    Monotonic asked_at{};
  };
  static runtime::Task<Result<Unit>> check_in_turn(std::shared_ptr<InvokerLookup> self, CapifRef view, std::string id);
  runtime::Task<Result<bool>> ask(CapifRef view, std::string id);
  Result<http::ClientRequest> request(const CapifCore& core, std::string_view id);
  void remember(const std::string& id, bool is_trusted);

  broker::Context& context_;
  const std::string tenant_;
  http::Client client_;
  runtime::Turns& turns_;
  std::map<std::string, Known> known_;
};

// ServiceSecurity: true when it names our AEF, by a method that we serve (OAUTH or PKI). JsonMissing, JsonType.
Result<bool> read_service_security(codec::JsonReader& reader, std::string_view json, const CapifCore& core);

}  // namespace claviger::seal_keys
