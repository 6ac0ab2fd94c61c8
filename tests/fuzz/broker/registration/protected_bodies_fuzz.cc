// Encrypted elements and attributes, signatures over parts, registration events: what stands between a UE's octets and us. The
// first octet picks the parser; the key is a fixed one, so that seeds open.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "broker/registration/encrypted_xml.h"
#include "broker/registration/info_document.h"
#include "broker/registration/reginfo_document.h"
#include "broker/registration/settings_document.h"
#include "broker/registration/signed_document.h"
#include "core/base/assert.h"

namespace {

claviger::registration::BodyKeys fixed_keys() {
  claviger::registration::BodyKeys keys;
  const claviger::mikey::SharedSecret csk;
  keys.add(claviger::registration::derive_body_key(claviger::settings::Sip(), 0x20000001, "sip:a@b", "sip:a@b", csk));
  return keys;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  using namespace claviger::registration;
  static const Services services{settings::Sip()};
  static const BodyKeys keys = fixed_keys();
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  CLAVIGER_ASSERT(keys_named_in(body).size() <= kKeyNamesMax);
  switch (data[0] % 5) {
    case 0: {
      const auto info = parse_info(body, services.all().front(), keys);
      CLAVIGER_ASSERT(!info || info->key == nullptr || info->key->id == 0x20000001);
      break;
    }
    case 1: {
      const auto parts = sip::Parts::of("multipart/mixed;boundary=b", body);
      if (!parts) break;
      const auto signers = check_signatures(*parts, services, keys);
      CLAVIGER_ASSERT(!signers || (*signers)[sip::kPartsMax - 1] == nullptr || parts->size() == sip::kPartsMax);
      break;
    }
    case 2: {
      const auto opened = decrypt_uri(body, keys);
      CLAVIGER_ASSERT(!opened || is_encrypted_uri(body));
      break;
    }
    case 3: {
      BodyKeyRef key;
      (void)parse_settings_document(body, "urn:uuid:1", keys, key);
      break;
    }
    default: {
      const auto info = parse_reginfo(body);
      CLAVIGER_ASSERT(!info || info->registrations.size() <= kReginfoElementsMax);
    }
  }
  return 0;
}
