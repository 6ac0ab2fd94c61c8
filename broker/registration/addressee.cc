#include "broker/registration/addressee.h"

#include <string>

#include "core/sip/uri.h"

namespace claviger::registration {
namespace {

// The identity without its port and without the difference between sip and sips; empty: it is neither.
std::string without_port(const sip::UriView& uri, std::string_view host) {
  if (!uri.is_sip) return {};
  std::string text = "sip:";
  if (!uri.user.empty()) text.append(uri.user).append("@");
  auto identity = sip::canonical_identity(text.append(host));
  return identity ? *std::move(identity) : std::string();
}

bool is_our_address(const settings::Sip& sip, std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return !host.empty() && (host == sip.address || host == sip.public_host);
}

}  // namespace

bool is_addressed_to(const settings::Sip& sip, std::string_view psi, std::string_view request_uri) {
  const auto own = sip::parse_uri(psi);
  const auto asked = sip::parse_uri(request_uri);
  if (!own || !asked) return false;
  // Another port at the host may be another server's.
  const bool is_our_port =
      asked->port == 0 || asked->port == own->port || asked->port == sip.port || asked->port == sip.tls_port;
  const std::string identity = without_port(*own, own->host);
  if (!is_our_port || identity.empty()) return false;
  return without_port(*asked, is_our_address(sip, asked->host) ? own->host : asked->host) == identity;
}

}  // namespace claviger::registration
