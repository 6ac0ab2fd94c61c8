#include "broker/identity/refresh_token.h"

#include <algorithm>

#include "core/codec/base64url.h"

namespace claviger::identity {
namespace {

constexpr std::size_t kSidBytes = 16;
constexpr std::size_t kGenerationBytes = 4;
constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kRawBytes = kSidBytes + kGenerationBytes + kMacBytes;
static_assert(codec::base64url_encoded_size(kRawBytes) == kRefreshTokenBytes);

crypto::Sha256Digest mac_of(const crypto::HmacSha256& key, std::string_view tenant, const Session& session,
                            std::uint32_t generation) {
  std::array<std::byte, kGenerationBytes> big_endian;
  store_be(big_endian, generation);
  std::string message;
  message.reserve(tenant.size() + session.sid.size() + session.refresh_salt.size() + 8);
  message.append(tenant).append(1, '\0').append(session.sid).append(as_text(big_endian)).append(session.refresh_salt);
  const crypto::Sha256Digest mac = key.compute(as_bytes(message));
  return mac;
}

}  // namespace

Result<RefreshToken> parse_refresh_token(std::string_view text) {
  if (text.size() != kRefreshTokenBytes) return Error{Code::RefreshInvalid, "refresh_token.length"};
  Secret<kRawBytes> raw;
  const auto decoded = codec::base64url_decode(text, raw.reveal_for_writing());
  if (!decoded) return Error{Code::RefreshInvalid, "refresh_token.base64url"};
  const std::span<const std::byte, kRawBytes> bytes = raw.reveal();
  RefreshToken token;
  codec::base64url_encode(bytes.first<kSidBytes>(), token.sid);
  token.generation = load_be<std::uint32_t>(bytes.subspan<kSidBytes, kGenerationBytes>());
  token.mac = Secret<kMacBytes>(bytes.last<kMacBytes>());
  return token;
}

bool is_genuine(const RefreshToken& token, const crypto::HmacSha256& key, std::string_view tenant,
                const Session& session) {
  const crypto::Sha256Digest expected = mac_of(key, tenant, session, token.generation);
  return token.mac.equals(expected);
}

Secret<kRefreshTokenBytes> make_refresh_token(const crypto::HmacSha256& key, std::string_view tenant,
                                              const Session& session, std::uint32_t generation) {
  Secret<kRawBytes> raw;
  const MutableBytes bytes = raw.reveal_for_writing();
  const auto sid = codec::base64url_decode(session.sid, bytes.first(kSidBytes));
  CLAVIGER_ASSERT(sid && *sid == kSidBytes);  // our own: random_id()
  store_be(bytes.subspan(kSidBytes, kGenerationBytes), generation);
  std::ranges::copy(mac_of(key, tenant, session, generation), bytes.subspan(kSidBytes + kGenerationBytes).begin());
  Secret<kRefreshTokenBytes> text;
  codec::base64url_encode(bytes, text.reveal_for_writing());
  return text;
}

}  // namespace claviger::identity
