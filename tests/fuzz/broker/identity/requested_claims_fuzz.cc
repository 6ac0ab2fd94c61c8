// Any `claims` parameter: refused, or read within its bounds. Nobody gets claims that his client may not have or that are
// another user's, and what is not asked for is not given.
#include <cstdint>
#include <string_view>

#include "broker/identity/requested_claims.h"
#include "core/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  using namespace claviger::identity;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto requested = read_requested_claims(text);
  if (!requested) {
    CLAVIGER_ASSERT(requested.failed_with(Code::ParameterMalformed) && !text.empty());
    return 0;
  }
  CLAVIGER_ASSERT(size <= kClaimsBytesMax);
  CLAVIGER_ASSERT(requested->acr.size() <= kClaimValuesMax && requested->subject.size() <= size);
  ClaimSet asked = 0;
  for (const RequestedClaim& one : requested->claims) {
    CLAVIGER_ASSERT(one.values.size() <= kClaimValuesMax && (one.values.empty() || one.is_bound));
    asked |= one.claim;
  }
  Client client;
  CLAVIGER_ASSERT(claims_for_client(*requested, client) == asked);
  client.scopes = {"openid"};
  CLAVIGER_ASSERT(claims_for_client(*requested, client) == (asked & ~claim::kOfProfile));
  User user;
  user.login = "\xff of nobody, for it is no text of JSON";
  user.display_name = user.login;
  const ClaimSet given = claims_for_user(*requested, user);
  CLAVIGER_ASSERT((given & ~asked) == 0);
  for (const RequestedClaim& one : requested->claims) {
    const bool is_of_another = one.is_bound && (one.claim & claim::kOfProfile) != 0;
    bool is_asked_freely = false;
    for (const RequestedClaim& other : requested->claims)
      is_asked_freely |= other.claim == one.claim && !other.is_bound;
    CLAVIGER_ASSERT(!is_of_another || is_asked_freely || (given & one.claim) == 0);
  }
  return 0;
}
