// What a KmsRequest must say (spec 4.3, rows 12 to 16 of section 11), and the headers around it (rows 25, 26). Pure
// functions, any thread.
#pragma once

#include <string_view>

#include "broker/keys/domain.h"
#include "broker/keys/kms_caller.h"
#include "broker/keys/kms_request.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace claviger::keys {

// To both sides of our clock. UEs keep time by their network; there is no nonce in the interface.
inline constexpr Seconds kTimeWindow{300};

// The Time of a request against ours.
inline bool is_near(std::int64_t time, std::int64_t now) {
  return time >= now - kTimeWindow.count() && time <= now + kTimeWindow.count();
}

// AcceptExcludes; MediaTypeUnsupported for a body that is not called XML. An empty body may be called anything.
Result<Unit> check_headers(const http::Request& request);
// KeysDenied, KmsUriDiffers, RequestUrlDiffers, RequestTime. `url`: where the request came to.
Result<Unit> check_request(const KmsRequest& request, const Caller& caller, const Domain& domain, std::string_view url,
                           std::int64_t now);

}  // namespace claviger::keys
