// Single parameters of the authorization and token endpoints: what is taken is what it says, and says the same when it is
// written again.
#include <cstdint>
#include <string>

#include "broker/identity/authorization_request.h"
#include "broker/identity/dpop_check.h"
#include "broker/identity/resource_indicators.h"
#include "broker/identity/scope_grant.h"
#include "core/base/assert.h"
#include "core/codec/base64url.h"
#include "core/codec/uri.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  using namespace claviger::identity;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto scope = parse_scope(text)) {
    CLAVIGER_ASSERT(!scope->empty() && scope->size() <= kScopesMax && size <= kScopeBytesMax);
    for (const std::string_view token : *scope) CLAVIGER_ASSERT(is_scope_token(token));
    const std::string written = join_scope(*scope);
    const auto again = parse_scope(written);
    CLAVIGER_ASSERT(again && *again == *scope);
  }
  if (const auto challenge = read_challenge(text)) {
    std::string written;
    codec::base64url_encode(*challenge, written);
    CLAVIGER_ASSERT(written == text);
  }
  if (const auto thumbprint = read_dpop_jkt(text)) {
    std::string written;
    codec::base64url_encode(as_bytes(*thumbprint), written);
    CLAVIGER_ASSERT(written == text);
  }
  const auto form = codec::parse_form(text);
  if (!form) return 0;
  const auto resources = read_resources(*form);
  if (!resources) return 0;
  CLAVIGER_ASSERT(resources->size() <= kResourcesMax);
  for (const std::string& resource : *resources) CLAVIGER_ASSERT(codec::parse_absolute_uri(resource));
  tenants::Tenant tenant;
  tenant.default_audience = "https://mc.example";
  const bool is_ours = are_known_resources(tenant, *resources);
  for (const std::string& resource : *resources) CLAVIGER_ASSERT(!is_ours || resource == tenant.default_audience);
  return 0;
}
