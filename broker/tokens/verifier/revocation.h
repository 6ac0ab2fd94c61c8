// One thing that was revoked, and a run of them as the feed delivers it.
//
// Values, any thread. A broker's procedures make them, revocation_feed.h carries them, every RevocationSet applies them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace claviger::tokens {

// jti: one token. sid: every token of a session. sub: every token of a user that was issued before an instant. kid: every
// token that was signed with a key, whatever key set still has it.
enum class RevocationKind : std::uint8_t { Jti = 1, Sid = 2, Subject = 3, Key = 4 };
inline constexpr RevocationKind kRevocationKinds[] = {RevocationKind::Jti, RevocationKind::Sid, RevocationKind::Subject,
                                                      RevocationKind::Key};

// "jti", "sid", "sub", "kid": the claim or header member that is compared, and the name in the feed.
constexpr std::string_view name_of(RevocationKind kind) {
  switch (kind) {
    case RevocationKind::Jti:
      return "jti";
    case RevocationKind::Sid:
      return "sid";
    case RevocationKind::Subject:
      return "sub";
    case RevocationKind::Key:
      return "kid";
  }
  return "?";
}

// As long as a subject may be (OpenID Connect Core clause 2); our jti and sid have 22 characters.
inline constexpr std::size_t kTokenIdMax = 255;
// An issuer is a URL of ours or of a partner's.
inline constexpr std::size_t kIssuerMax = 512;

struct Revocation {
  RevocationKind kind = RevocationKind::Jti;
  std::string issuer;
  std::string id;
  // Subject only: tokens with an iat before this are revoked. iat has whole seconds, so whoever revokes "all until
  // now" writes the next whole second.
  std::int64_t not_before = 0;
  // The latest exp that a token concerned can have: afterwards the entry is of no use. Of a key: when no verifier can
  // have it from a key set any more.
  std::int64_t expires = 0;
};

struct RevocationDelta {
  // The feed's sequence number behind these changes: what to ask for next.
  std::uint64_t next = 0;
  std::vector<Revocation> changes;
};

}  // namespace claviger::tokens
