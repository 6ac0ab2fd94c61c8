#include "broker/keys/user_keys.h"

#include <algorithm>

#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/hex.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;

constexpr std::byte kVersion{1};
constexpr std::size_t kHeaderBytes = 1 + 8 + sizeof(Uid);

template <typename T>
std::string hex_of(T number) {
  std::array<std::byte, sizeof(T)> bytes{};
  store_be(MutableBytes(bytes), number);
  std::string text;
  codec::hex_encode(bytes, text);
  return text;
}

// Fills `wire`, which is kWireBytes long.
void write_wire(const UserKeys& keys, MutableBytes wire) {
  std::size_t at = 0;
  const auto put = [&](std::string_view text) {
    std::ranges::copy(as_bytes(text), wire.begin() + static_cast<std::ptrdiff_t>(at));
    at += text.size();
  };
  const auto put_hex = [&](Bytes bytes) { at += codec::hex_encode(bytes, wire.subspan(at)); };
  put(kRskBegin);
  put_hex(keys.rsk.reveal());
  put(kRskEnd);
  put(kSskBegin);
  put_hex(keys.ssk.reveal());
  put(kSskEnd);
  put(kPvtBegin);
  put_hex(keys.pvt);
  put(kPvtEnd);
  CLAVIGER_ASSERT(at == wire.size());
}

}  // namespace

std::string user_key_prefix(std::string_view tenant, std::uint32_t generation, std::uint64_t period) {
  return broker::record_prefix({tenant, hex_of(generation), hex_of(period)});
}

std::string user_key_key(std::string_view tenant, std::uint32_t generation, std::uint64_t period,
                         std::string_view uri) {
  return broker::record_key({tenant, hex_of(generation), hex_of(period), uri});
}

Result<std::string> seal_user_keys(storage::Sealer& sealer, std::string_view key, const Uid& uid, const UserKeys& keys,
                                   std::int64_t issued_at) {
  SecretBytes wire(kWireBytes);
  write_wire(keys, wire.reveal_for_writing());
  CLAVIGER_TRY(sealed, sealer.seal(tables::kKmsUserKeys, key, wire.reveal()));
  std::string value(kHeaderBytes, '\0');
  const MutableBytes header = std::as_writable_bytes(std::span(value));
  header[0] = kVersion;
  store_be(header.subspan(1, 8), static_cast<std::uint64_t>(issued_at));
  std::ranges::copy(uid, header.begin() + 9);
  return value + sealed;
}

Result<StoredKeys> read_user_keys(const storage::Value& value) {
  const Bytes bytes = value.bytes();
  if (bytes.empty()) return Error{Code::Corrupt, "kms_user_keys"};
  if (bytes[0] > kVersion) return Error{Code::SchemaTooNew, "kms_user_keys"};
  if (bytes[0] != kVersion || bytes.size() != kHeaderBytes + kWireBytes + storage::Sealer::kOverhead) {
    return Error{Code::Corrupt, "kms_user_keys"};
  }
  StoredKeys stored;
  stored.issued_at = static_cast<std::int64_t>(load_be<std::uint64_t>(bytes.subspan(1)));
  std::ranges::copy(bytes.subspan(9, sizeof(Uid)), stored.uid.begin());
  stored.sealed = bytes.subspan(kHeaderBytes);
  return stored;
}

Result<Unit> open_user_keys(storage::Sealer& sealer, std::string_view key, const StoredKeys& stored, MutableBytes out) {
  CLAVIGER_ASSERT(out.size() == kWireBytes);
  CLAVIGER_TRY(size, sealer.open_into(tables::kKmsUserKeys, key, stored.sealed, out));
  if (size != kWireBytes) return Error{Code::Corrupt, "kms_user_keys"};
  return Unit{};
}

Result<UserKeys> parse_wire(Bytes wire) {
  UserKeys keys;
  const auto read = [&](std::size_t at, MutableBytes out) {
    const auto written = codec::hex_decode(as_text(wire.subspan(at, 2 * out.size())), out);
    return written.has_value() && *written == out.size();
  };
  if (wire.size() != kWireBytes || !read(kRskAt, keys.rsk.reveal_for_writing()) ||
      !read(kSskAt, keys.ssk.reveal_for_writing()) || !read(kPvtAt, keys.pvt)) {
    return Error{Code::Corrupt, "kms_user_keys"};
  }
  return keys;
}

}  // namespace claviger::keys
