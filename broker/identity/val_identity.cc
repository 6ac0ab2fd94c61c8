#include "broker/identity/val_identity.h"

#include <algorithm>

#include "broker/identity/scope_grant.h"
#include "core/codec/utf8.h"

namespace claviger::identity {

bool is_val_identity(std::string_view text) {
  const bool has_control = std::ranges::any_of(text, [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte <= 0x20 || byte == 0x7F;
  });
  return !text.empty() && text.size() <= kValIdentityBytesMax && !has_control && codec::is_utf8(text);
}

bool is_val_service_id(std::string_view text) { return text.size() <= kValServiceBytesMax && is_scope_token(text); }

bool is_val_scope(std::string_view scope) {
  return scope.starts_with(kValScope) && is_val_service_id(scope.substr(kValScope.size()));
}

}  // namespace claviger::identity
