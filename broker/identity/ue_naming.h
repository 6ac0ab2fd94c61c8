// Which UE a request comes from (spec 3.2). No standard parameter carries it; in this order:
//
//   1. a client certificate that is registered for a UE, or that chains to the client CA and names a registered UE in a
//      URI of its subject alternative names;  2. a DPoP key that is registered for one (at the token endpoint);
//   3. the extension parameter `ue_id`, which must be proved by one of the former, at the latest at the token endpoint;
//   4. a device cookie: 256 random bits that we give to each browser; its digest is the id, so that who shows the id
//      cannot make the cookie.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::identity {

enum class UeProof : std::uint8_t { None = 0, Claimed = 1, Cookie = 2, Key = 3 };

struct UeName {
  std::string ue_id;  // empty: none
  UeProof proof = UeProof::None;
};

inline constexpr std::string_view kUeParameter = "ue_id";
inline constexpr std::string_view kUeCookie = "__Host-claviger-ue";
inline constexpr std::size_t kUeCookieBytes = 43;  // 256 bits in base64url

// What is needed of a connection's client certificate once the request is gone; without one nothing is looked up.
struct UeCertificate {
  std::string thumbprint;         // base64url x5t#S256; empty: no certificate
  std::vector<std::string> uris;  // of a certificate that chains to the client CA, at most kUeCertificateUrisMax
};
inline constexpr std::size_t kUeCertificateUrisMax = 4;
UeCertificate ue_certificate(const http::Peer& peer);

// The UE that a certificate proves; empty: none.
runtime::Task<Result<std::string>> ue_of_certificate(broker::Context* context, std::string tenant,
                                                     UeCertificate certificate);

// And the one that this request's DPoP key proves (32 bytes; empty: none), when the certificate says nothing.
runtime::Task<Result<std::string>> ue_of_keys(broker::Context* context, std::string tenant, UeCertificate certificate,
                                              std::string dpop_key);

// Of an authorization request: `proved` by its certificate, `claimed` by its parameter, `cookie` of its browser.
// ParameterMalformed, UeOfAnother.
Result<UeName> name_ue(std::string_view tenant, std::string proved, std::string_view claimed, std::string_view cookie);
// At the token endpoint: what the authorization request said, and what this request's key proves. UeOfAnother.
Result<std::string> settle_ue(const UeName& named, const std::string& proved);

// The device cookie of a request; empty when there is none, it is malformed, or there are two.
std::string_view ue_cookie(const http::Request& request);
Result<std::string> make_ue_cookie();
std::string set_ue_cookie_field(std::string_view value);
// "device-<22 characters>", another one in each tenant.
std::string ue_id_of_cookie(std::string_view tenant, std::string_view cookie);

}  // namespace claviger::identity
