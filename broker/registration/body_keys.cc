#include "broker/registration/body_keys.h"

#include <algorithm>
#include <array>

#include "core/codec/base64url.h"

namespace claviger::registration {
namespace {

// Four octets in base64.
constexpr std::size_t kKeyNameBytes = 8;

void note(std::vector<std::uint32_t>& ids, std::string_view name) {
  const auto id = id_of_key_name(name);
  if (!id || ids.size() == kKeyNamesMax || std::ranges::find(ids, *id) != ids.end()) return;
  ids.push_back(*id);
}

}  // namespace

BodyKeyRef derive_body_key(const settings::Sip& sip, std::uint32_t id, std::string mc_service_id,
                           std::string_view user_uri, const mikey::SharedSecret& csk) {
  std::array<std::byte, 4> octets{};
  store_be(MutableBytes(octets), id);
  const std::string name = key_name_of(id);
  const Bytes key_id = sip.is_key_id_text ? as_bytes(name) : Bytes(octets);
  if (sip.is_user_id_bare) user_uri = user_uri.substr(user_uri.find(':') + 1);
  auto key = std::make_shared<BodyKey>();
  key->id = id;
  key->mc_service_id = std::move(mc_service_id);
  key->confidentiality = mikey::derive_protection_key(csk, mikey::ProtectionUse::Confidentiality, user_uri, key_id);
  key->integrity = mikey::derive_protection_key(csk, mikey::ProtectionUse::Integrity, user_uri, key_id);
  return key;
}

std::string key_name_of(std::uint32_t id) {
  std::array<std::byte, 4> octets{};
  store_be(MutableBytes(octets), id);
  std::string name;
  codec::base64_encode(octets, name);
  return name;
}

Result<std::uint32_t> id_of_key_name(std::string_view name) {
  std::array<std::byte, 6> octets{};
  if (name.size() != kKeyNameBytes) return Error{Code::BadValue, "registration.key_name"};
  const auto size = codec::base64_decode(name, octets);
  if (!size || *size != 4) return Error{Code::BadValue, "registration.key_name"};
  return load_be<std::uint32_t>(octets);
}

std::vector<std::uint32_t> keys_named_in(std::string_view body) {
  std::vector<std::uint32_t> ids;
  for (const std::string_view mark : {std::string_view("KeyName>"), std::string_view("key-id=")}) {
    for (std::size_t at = body.find(mark); at != std::string_view::npos; at = body.find(mark, at + mark.size())) {
      std::size_t begin = at + mark.size();
      while (begin < body.size() && (body[begin] == ' ' || body[begin] == '\n' || body[begin] == '\r')) ++begin;
      note(ids, body.substr(begin, kKeyNameBytes));
    }
  }
  return ids;
}

Result<BodyKeyRef> BodyKeys::find(std::string_view key_name) const {
  const auto id = id_of_key_name(key_name);
  const auto found =
      id ? std::ranges::find_if(keys_, [&id](const BodyKeyRef& key) { return key->id == *id; }) : keys_.end();
  if (found == keys_.end()) return Error{Code::CskMissing, "registration.csk"};
  return *found;
}

}  // namespace claviger::registration
