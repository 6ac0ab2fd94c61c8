// The web origins at which a tenant's clients live: those of the redirect URIs of whoever may use the code grant. A
// page from there may read what the OAuth endpoints answer (cross_origin.h).
//
// One shard's alone. Read from the clients' records when somebody asks, and again when that was a second ago: a change of
// a client shows within a second. An installation has some hundreds of clients; where it has so many that reading them
// takes its time, what was read is good for ten times as long.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/identity/client.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// A serialised origin has a scheme, a host name of 253 characters at most, and a port.
inline constexpr std::size_t kOriginBytesMax = 512;

class ClientOrigins {
 public:
  // `origin` as a browser sends it (RFC 6454 clause 6.2). A loopback address counts on every port, as it does for
  // redirects (RFC 8252 clause 7.3). What the store says.
  runtime::Task<Result<bool>> holds(broker::Context* context, std::string tenant, std::string origin);

 private:
  struct OfTenant {
    std::set<std::string, std::less<>> origins;
    Monotonic good_until;
    bool is_known = false;
  };
  bool is_good(std::string_view tenant, Monotonic now) const;
  runtime::Task<Result<Unit>> read(broker::Context* context, std::string tenant);

  std::map<std::string, OfTenant, std::less<>> tenants_;
};

}  // namespace claviger::identity
