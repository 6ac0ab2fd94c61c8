// The whole of Verifier::verify on hostile bytes, with a cache and without: the verdicts must be the same, first time
// and second, and so must the claims.
//
// The first byte says what the rest is: 0 a token; 1 claims, 2 a header, a NUL and claims, which are signed here so that
// the steps behind the signature are reached; 3 changes to a good token, three bytes each (where, where, xor). The
// second byte picks policy, clock and presentation.
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "broker/tokens/verifier/verifier.h"
#include "core/base/assert.h"
#include "core/codec/base64url.h"
#include "core/crypto/signing_key.h"
#include "tests/broker/tokens/verifier/attack_vectors.h"

namespace claviger::tokens {
namespace {

struct World {
  World() {
    const AttackVectors vectors = load_attack_vectors();
    // PrivateKeyInfo of an Ed25519 key (RFC 8410 clause 7) of 32 sevens.
    std::array<unsigned char, 48> pkcs8{0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                        0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
    std::fill(pkcs8.begin() + 16, pkcs8.end(), static_cast<unsigned char>(7));
    signing_key =
        std::make_unique<crypto::SigningKey>(*crypto::SigningKey::from_pkcs8(std::as_bytes(std::span(pkcs8))));
    std::vector<crypto::Jwk> keys(vectors.keys->keys().begin(), vectors.keys->keys().end());
    keys.push_back({"k", signing_key->verify_key()});
    const auto set = *KeySet::make(vectors.issuer, std::move(keys));
    for (std::size_t i = 0; i < verifiers.size(); ++i) {
      VerifierOptions options;
      options.cached_tokens = i == 0 ? 0 : 256;
      verifiers[i] = std::make_unique<Verifier>(*Verifier::create(std::move(options)));
      CLAVIGER_ASSERT(verifiers[i]->set_keys(set).has_value());
      PolicyOptions rules;
      rules.issuers = {vectors.issuer};
      rules.audiences = {vectors.audience};
      policies[i][0] = *verifiers[i]->make_policy(rules);
      rules.scopes_all = {"3gpp:mc:ptt_service"};
      rules.identity = McService::Ptt;
      policies[i][1] = *verifiers[i]->make_policy(rules);
      rules.leeway = Seconds{0};
      rules.scopes_any = {"a", "3gpp:mc:ptt_group_management_service"};
      policies[i][2] = *verifiers[i]->make_policy(rules);
      rules = PolicyOptions();
      rules.issuers = {"https://partner.example", vectors.issuer};
      rules.any_audience = true;
      rules.requires_binding = true;
      policies[i][3] = *verifiers[i]->make_policy(rules);
      for (const auto kind : {RevocationKind::Jti, RevocationKind::Sid, RevocationKind::Subject}) {
        const Revocation revocation{kind, vectors.issuer, "revoked", vectors.now - 50, vectors.now + 1'000'000};
        CLAVIGER_ASSERT(verifiers[i]->revocations().apply(revocation, vectors.now).has_value());
      }
    }
    now = vectors.now;
    good = vectors.tokens.front().token;
  }

  std::string sign(std::string_view header, std::string_view payload) {
    std::string token;
    codec::base64url_encode(as_bytes(header), token);
    token += '.';
    codec::base64url_encode(as_bytes(payload), token);
    std::array<std::byte, 64> signature;
    CLAVIGER_ASSERT(signing_key->sign(signing, as_bytes(token), signature).has_value());
    token += '.';
    codec::base64url_encode(signature, token);
    return token;
  }

  std::unique_ptr<crypto::SigningKey> signing_key;
  crypto::SigningContext signing;
  // Without a cache; with one, for clocks up to now and for later ones: entries from later would keep those from now
  // from being believed at a glance.
  std::array<std::unique_ptr<Verifier>, 3> verifiers;
  std::array<std::array<VerificationPolicy, 4>, 3> policies;
  std::int64_t now = 0;
  std::string good;
};

std::string token_from(World& world, unsigned mode, std::string_view rest) {
  constexpr std::string_view kHeader = R"({"typ":"at+jwt","alg":"EdDSA","kid":"k"})";
  switch (mode) {
    case 1:
      return world.sign(kHeader, rest);
    case 2: {
      const std::size_t nul = rest.find('\0');
      return nul == rest.npos ? world.sign(rest, "{}") : world.sign(rest.substr(0, nul), rest.substr(nul + 1));
    }
    case 3: {
      std::string token = world.good;
      for (; rest.size() >= 3; rest.remove_prefix(3)) {
        const auto byte = [&rest](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(rest[i])); };
        char& target = token[(byte(0) << 8U | byte(1)) % token.size()];
        target = static_cast<char>(static_cast<unsigned char>(target) ^ byte(2));
      }
      return token;
    }
    default:
      return std::string(rest);
  }
}

void check_same(const Result<Verified>& cold, const Result<Verified>& other, Verifier& verifier, std::string_view token,
                const std::string& subject) {
  CLAVIGER_ASSERT(cold.has_value() == other.has_value());
  if (!cold) {
    CLAVIGER_ASSERT(cold.error().code == other.error().code);
    return;
  }
  CLAVIGER_ASSERT(cold->expires == other->expires);
  CLAVIGER_ASSERT(verifier.decode_verified(token, *other).subject == subject);
}

}  // namespace
}  // namespace claviger::tokens

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  using namespace claviger::tokens;
  static World world;
  if (size < 2) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string token = token_from(world, data[0] % 4, rest);
  const unsigned knobs = data[1];
  constexpr std::array<std::int64_t, 8> kClocks{0, -31, -30, 29, 30, 31, 300, 1'000'000'000};
  Confirmation::Thumbprint thumbprint{};
  Presentation presentation;
  presentation.now = world.now + kClocks[knobs >> 2U & 7U];
  if ((knobs & 32U) != 0) presentation.identity = "sip:alice@mcptt.example";
  if ((knobs & 64U) != 0) presentation.certificate = &thumbprint;
  if ((knobs & 128U) != 0) presentation.key = &thumbprint;

  const auto& cold = world.verifiers[0];
  const std::size_t which = presentation.now <= world.now ? 1 : 2;
  const auto& cached = world.verifiers[which];
  const auto expected = cold->verify(token, world.policies[0][knobs & 3U], presentation);
  const std::string subject = expected ? std::string(expected->claims->subject) : std::string();
  const VerificationPolicy& policy = world.policies[which][knobs & 3U];
  for (int round = 0; round < 3; ++round) {
    check_same(expected, cached->verify(token, policy, presentation), *cached, token, subject);
  }
  std::array<VerifyRequest, 2> requests{VerifyRequest{token, &policy, presentation},
                                        VerifyRequest{world.good, &policy, presentation}};
  std::array<Result<Verified>, 2> results{Error{Code::Internal, "not asked"}, Error{Code::Internal, "not asked"}};
  cached->verify_many(requests, results);
  check_same(expected, results[0], *cached, token, subject);
  return 0;
}
