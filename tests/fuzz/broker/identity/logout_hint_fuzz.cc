// Any text for an id_token_hint, of a sign-off and of an authorization request: refused, or one that we signed, which says
// whose session it is of, of one client, and of nobody to another.
//
// The first byte says what the rest is: a token, claims that are signed here, or changes to a good token (two bytes each:
// where, xor).
#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "broker/identity/id_token_hint.h"
#include "broker/identity/logout_hint.h"
#include "core/base/assert.h"
#include "core/codec/base64url.h"
#include "core/crypto/signing_key.h"

namespace {

using namespace claviger;

constexpr std::string_view kIssuer = "https://idms.example/idms/v1/alpha";
constexpr std::string_view kClaims =
    R"({"iss":"https://idms.example/idms/v1/alpha","sub":"u1","aud":"mc-ue","sid":"s1","exp":1700000000,"iat":1600000000})";

struct World {
  World() {
    keys = *tokens::KeySet::make(std::string(kIssuer), {{"k", key.verify_key()}});
    verifier = std::make_unique<tokens::Verifier>(*tokens::Verifier::create({}));
    good = sign(kClaims);
    CLAVIGER_ASSERT(identity::read_logout_hint(*verifier, *keys, kIssuer, good).has_value());
  }
  std::string sign(std::string_view claims) {
    std::string token;
    codec::base64url_encode(as_bytes(std::string_view(R"({"typ":"JWT","alg":"ES256","kid":"k"})")), token);
    token += '.';
    codec::base64url_encode(as_bytes(claims), token);
    std::array<std::byte, 64> signature;
    CLAVIGER_ASSERT(key.sign(signing, as_bytes(token), signature).has_value());
    token += '.';
    codec::base64url_encode(signature, token);
    return token;
  }

  crypto::SigningKey key = *crypto::SigningKey::generate(crypto::SignatureAlgorithm::Es256);
  crypto::SigningContext signing;
  std::shared_ptr<const tokens::KeySet> keys;
  std::unique_ptr<tokens::Verifier> verifier;
  std::string good;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string token(rest);
  if (data[0] % 3 == 1) token = world.sign(rest);
  if (data[0] % 3 == 2) {
    token = world.good;
    for (; rest.size() >= 2; rest.remove_prefix(2)) {
      token[static_cast<unsigned char>(rest[0]) % token.size()] ^= rest[1];
    }
  }
  const auto hint = identity::read_logout_hint(*world.verifier, *world.keys, kIssuer, token);
  if (!hint) return 0;
  CLAVIGER_ASSERT(data[0] % 3 == 1 || token == world.good);
  CLAVIGER_ASSERT(!hint->sid.empty());
  const auto subject = identity::subject_of_hint(*hint, hint->client_id);
  CLAVIGER_ASSERT(subject.has_value() == !hint->sub.empty());
  CLAVIGER_ASSERT(!identity::subject_of_hint(*hint, hint->client_id + "x"));
  return 0;
}
