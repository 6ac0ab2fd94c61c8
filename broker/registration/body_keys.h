// The keys under which parts of a request's or a NOTIFY's body are encrypted and signed (TS 33.180 clauses 5.4, 9.3, F.1.4).
//
// Derived from a client's CSK for one request, wiped after it. Immutable once shared, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/settings/sip_settings.h"
#include "core/base/result.h"
#include "core/crypto/mikey/protection_key.h"

namespace claviger::registration {

struct BodyKey {
  std::uint32_t id = 0;       // CSK-ID
  std::string mc_service_id;  // canonical: whose CSK it is
  mikey::ProtectionKey confidentiality, integrity;
};
using BodyKeyRef = std::shared_ptr<const BodyKey>;

// `user_uri`: the octets that the client derives with, those of its I_MESSAGE.
BodyKeyRef derive_body_key(const settings::Sip& sip, std::uint32_t id, std::string mc_service_id,
                           std::string_view user_uri, const mikey::SharedSecret& csk);

// ds:KeyName and key-id=: the four octets of the identifier in base64.
std::string key_name_of(std::uint32_t id);
// BadValue.
Result<std::uint32_t> id_of_key_name(std::string_view name);

// A service each, before and after a change of its CSK.
inline constexpr std::size_t kKeyNamesMax = 8;
// The identifiers that a body names, each once, at most kKeyNamesMax: what to look for, no statement about anything.
std::vector<std::uint32_t> keys_named_in(std::string_view body);

class BodyKeys {
 public:
  void add(BodyKeyRef key) { keys_.push_back(std::move(key)); }
  bool empty() const { return keys_.empty(); }
  // CskMissing: none of that name.
  Result<BodyKeyRef> find(std::string_view key_name) const;

 private:
  std::vector<BodyKeyRef> keys_;
};

}  // namespace claviger::registration
