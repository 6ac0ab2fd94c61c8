#include "broker/tokens/revocation_records.h"

#include "broker/record_key.h"

namespace claviger::tokens {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kValueBytes = 17;

Result<RevocationKind> kind_named(std::string_view name) {
  for (const RevocationKind kind : kRevocationKinds) {
    if (name == name_of(kind)) return kind;
  }
  return Error{Code::Corrupt, "revocations.kind"};
}

}  // namespace

std::string revocation_key(std::string_view tenant, const Revocation& revocation) {
  return broker::record_key({tenant, name_of(revocation.kind), revocation.id});
}

std::string encode_revocation(const Revocation& revocation) {
  std::string value(kValueBytes, '\0');
  const MutableBytes out = std::as_writable_bytes(std::span(value));
  store_be<std::uint8_t>(out, kVersion);
  store_be<std::uint64_t>(out.subspan(1), static_cast<std::uint64_t>(revocation.not_before));
  store_be<std::uint64_t>(out.subspan(9), static_cast<std::uint64_t>(revocation.expires));
  return value;
}

Result<StoredRevocation> decode_revocation(std::string_view key, Bytes value) {
  if (value.empty()) return Error{Code::Corrupt, "revocations"};
  if (std::to_integer<std::uint8_t>(value[0]) > kVersion) return Error{Code::SchemaTooNew, "revocations"};
  if (value.size() != kValueBytes || std::to_integer<std::uint8_t>(value[0]) != kVersion) {
    return Error{Code::Corrupt, "revocations"};
  }
  const std::size_t tenant_end = key.find('\0');
  if (tenant_end == std::string_view::npos) return Error{Code::Corrupt, "revocations.key"};
  const std::size_t kind_end = key.find('\0', tenant_end + 1);
  if (kind_end == std::string_view::npos) return Error{Code::Corrupt, "revocations.key"};
  StoredRevocation stored;
  CLAVIGER_TRY(kind, kind_named(key.substr(tenant_end + 1, kind_end - tenant_end - 1)));
  stored.tenant = key.substr(0, tenant_end);
  stored.revocation.kind = kind;
  stored.revocation.id = key.substr(kind_end + 1);
  stored.revocation.not_before = static_cast<std::int64_t>(load_be<std::uint64_t>(value.subspan(1)));
  stored.revocation.expires = static_cast<std::int64_t>(load_be<std::uint64_t>(value.subspan(9)));
  return stored;
}

}  // namespace claviger::tokens
