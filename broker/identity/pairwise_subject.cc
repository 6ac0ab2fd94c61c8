#include "broker/identity/pairwise_subject.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/codec/base64url.h"
#include "core/codec/redirect.h"
#include "core/codec/uri.h"

namespace claviger::identity {
namespace {

constexpr char lowered(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

}  // namespace

std::string sector_of(const Client& client) {
  if (!client.sector_identifier.empty()) return client.sector_identifier;
  std::string sector;
  for (const std::string& text : client.redirect_uris) {
    const auto uri = codec::parse_absolute_uri(text);
    if (!uri || uri->host.empty() || codec::is_loopback_redirect(*uri)) return {};
    std::string host(uri->host);
    std::ranges::transform(host, host.begin(), lowered);
    if (sector.empty()) sector = host;
    if (sector != host) return {};
  }
  return sector;
}

std::string subject_for(const crypto::HmacSha256& key, std::string_view tenant, const Client& client,
                        std::string_view sub) {
  if (!client.has_pairwise_subject) return std::string(sub);
  const std::string sector = sector_of(client);
  CLAVIGER_ASSERT(!sector.empty());  // client_draft.cc registers none without
  std::string message(tenant);
  message.append(1, '\0').append(sector).append(1, '\0').append(sub);
  std::string text;
  codec::base64url_encode(key.compute(as_bytes(message)), text);
  return text;
}

}  // namespace claviger::identity
