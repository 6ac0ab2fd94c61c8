// The text of a refresh token: see session.h for its layout and why it is not stored.
//
// Pure functions, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "broker/identity/session.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/hmac.h"

namespace claviger::identity {

// 16 + 4 + 32 bytes in base64url.
inline constexpr std::size_t kRefreshTokenBytes = 70;

// A token that is well formed. Whether its MAC is right is known once the session's salt is (is_genuine).
struct RefreshToken {
  std::string sid;
  std::uint32_t generation = 0;
  Secret<32> mac;
};

// RefreshInvalid for anything that cannot be one of ours.
Result<RefreshToken> parse_refresh_token(std::string_view text);
// Constant time in the MAC.
bool is_genuine(const RefreshToken& token, const crypto::HmacSha256& key, std::string_view tenant,
                const Session& session);
// The token of `generation` of this session, as text.
Secret<kRefreshTokenBytes> make_refresh_token(const crypto::HmacSha256& key, std::string_view tenant,
                                              const Session& session, std::uint32_t generation);

}  // namespace claviger::identity
