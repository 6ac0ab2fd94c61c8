// HTTP Digest with AKA (RFC 3310, RFC 4169, on the Digest of RFC 2617): one challenge of an authentication centre as the
// nonce, one answer of a subscriber module as the password. For HTTP and for SIP.
//
//   nonce    = base64( RAND AUTN [server-data] )            ; 16 and 16 octets
//   auts     = base64( AUTS )                               ; 14 octets, in an Authorization, of a module out of step
//   password = RES                                          ; AKAv1-MD5: octets, not text, NUL among them
//            / base64( HMAC-MD5(RES IK CK, "http-digest-akav2-password") )  ; AKAv2-MD5
//   response = LHEX( MD5( A1 ":" nonce ":" nc ":" cnonce ":" qop ":" A2 ) ), A1 = MD5(username ":" realm ":" password)
//
// An Authorization with `auts` answers no challenge: its password is empty (RFC 3310 clause 3.4). Only qop=auth: without
// it a response could be replayed with a nonce count of its own. Pure functions, any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/aka/aka.h"

namespace claviger::aka {

inline constexpr std::string_view kAkaV1 = "AKAv1-MD5";
inline constexpr std::string_view kAkaV2 = "AKAv2-MD5";
// A header with an IMPI, a URI of a kilobyte and an opaque of ours; whoever sends more has something else in mind.
inline constexpr std::size_t kDigestHeaderMax = 8192;
// RFC 7616 clause 3.4 and RFC 3310 know a dozen.
inline constexpr std::size_t kDigestParametersMax = 32;

enum class DigestAlgorithm : std::uint8_t { AkaV1, AkaV2 };

// name=value pairs behind a scheme: names in lower case, values with quotes and escapes off.
struct DigestParameter {
  std::string name;
  std::string value;
};
// Of "Digest name=value, name="value"". Unsupported: another scheme. ParameterMalformed, ParameterRepeated, TooLarge.
Result<std::vector<DigestParameter>> parse_digest(std::string_view header);

// What a client sends (RFC 7616 clause 3.4).
struct DigestCredentials {
  std::string username;
  std::string realm;
  std::string nonce;
  std::string uri;
  std::string response;  // 32 digits; empty in a resynchronisation, and of a module that refuses the network
  std::string cnonce;
  std::string nonce_count;
  std::string opaque;
  std::string auts;  // base64; empty: none
  DigestAlgorithm algorithm = DigestAlgorithm::AkaV1;
};
// Besides: ParameterMissing; AuthenticationScheme for another algorithm or qop.
Result<DigestCredentials> parse_digest_credentials(std::string_view header);

// What a server asks (clause 3.3), a client's view of it.
struct DigestChallenge {
  std::string realm;
  std::string nonce;
  std::string opaque;  // empty: none
  DigestAlgorithm algorithm = DigestAlgorithm::AkaV1;
  bool is_stale = false;
};
Result<DigestChallenge> parse_digest_challenge(std::string_view header);
// The value of WWW-Authenticate. Quotes and backslashes are escaped; the texts hold no control characters (asserted).
std::string write_digest_challenge(const DigestChallenge& challenge);
std::string write_digest_credentials(const DigestCredentials& credentials);

std::string digest_nonce(const Rand& rand, std::span<const std::byte, kAutnBytes> autn);
struct NonceParts {
  Rand rand{};
  std::array<std::byte, kAutnBytes> autn{};
};
// Base64Invalid, Truncated. Server data behind both is left alone.
Result<NonceParts> read_nonce(std::string_view nonce);
// Base64Invalid; OutOfRange unless it is 14 octets.
Result<std::array<std::byte, kAutsBytes>> read_auts(std::string_view auts);

// The Digest password of RES with its keys.
SecretBytes digest_password(DigestAlgorithm algorithm, Bytes response, std::span<const std::byte, 16> cipher_key,
                            std::span<const std::byte, 16> integrity_key);
// LHEX, of the members of `credentials` and the password.
std::array<char, 32> digest_response(const DigestCredentials& credentials, std::string_view method, Bytes password);
// Constant time in the response.
bool is_right_response(const DigestCredentials& credentials, std::string_view method, Bytes password);

}  // namespace claviger::aka
