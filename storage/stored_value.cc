#include "storage/stored_value.h"

namespace claviger::storage {
namespace {

constexpr std::byte kFormForever{1};
constexpr std::byte kFormExpiring{2};
constexpr std::size_t kForeverBytes = 9;
constexpr std::size_t kExpiringBytes = 17;

}  // namespace

EncodedHeader::EncodedHeader(StoredHeader header) : size_(header.expires_at == 0 ? kForeverBytes : kExpiringBytes) {
  CLAVIGER_ASSERT(header.version != 0 && header.expires_at >= 0);
  bytes_[0] = header.expires_at == 0 ? kFormForever : kFormExpiring;
  store_be(MutableBytes(bytes_).subspan(1), header.version);
  if (header.expires_at != 0) store_be(MutableBytes(bytes_).subspan(9), static_cast<std::uint64_t>(header.expires_at));
}

Result<StoredValue> decode_stored(Bytes stored) {
  if (stored.size() < kForeverBytes) return Error{Code::Corrupt, "store.header"};
  StoredValue value;
  value.header.version = load_be<std::uint64_t>(stored.subspan(1));
  if (value.header.version == 0) return Error{Code::Corrupt, "store.header"};
  if (stored[0] == kFormForever) {
    value.payload = stored.subspan(kForeverBytes);
    return value;
  }
  if (stored[0] != kFormExpiring || stored.size() < kExpiringBytes) return Error{Code::Corrupt, "store.header"};
  value.header.expires_at = static_cast<std::int64_t>(load_be<std::uint64_t>(stored.subspan(9)));
  if (value.header.expires_at <= 0) return Error{Code::Corrupt, "store.header"};
  value.payload = stored.subspan(kExpiringBytes);
  return value;
}

}  // namespace claviger::storage
