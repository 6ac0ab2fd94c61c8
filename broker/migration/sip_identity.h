// SIP identities as migration takes them: private (an NAI, TS 23.003 clause 13.3), public (a SIP or tel URI, clause 13.4),
// and the domains they lie in.
//
// Pure functions, any thread. Nothing with a parameter, a port or an escape: an identity has one spelling.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace claviger::migration {

// RFC 7542 clause 2.2: 253 octets are what everybody must take.
inline constexpr std::size_t kIdentityMax = 253;

// Lower case, dots between labels: a Diameter identity, a realm, a SIP domain.
bool is_domain(std::string_view text);
bool is_service(std::string_view text);           // "mcptt", "mcvideo", "mcdata"
bool is_private_identity(std::string_view text);  // user@domain
bool is_public_identity(std::string_view text);   // sip:user@domain, tel:+number
bool is_sip_host(std::string_view text);          // sip:domain
bool is_public_prefix(
    std::string_view text);  // what public identities may begin with: "sip:", "sip:fire-", "tel:+4930"
// What follows the '@'; of a tel URI, or without one: nothing.
std::string_view domain_of(std::string_view identity);
// A tel URI lies in every domain: whose it is its binding says.
bool is_in_domains(std::string_view identity, const std::vector<std::string>& domains);

}  // namespace claviger::migration
