// A partner that signs whatever it likes: the input is the payload of a security token with a good signature. What is
// accepted must be fit to stand in a key of ours. Unsigned, the same input must never be accepted.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker/partners/security_token.h"
#include "core/codec/base64url.h"
#include "core/crypto/signing_key.h"

namespace {

using namespace claviger;

void require(bool is_true) {
  if (!is_true) std::abort();
}

struct World {
  World() {
    signing = std::make_unique<crypto::SigningKey>(*crypto::SigningKey::generate(crypto::SignatureAlgorithm::Es256));
    view.partner.issuer = "https://i";
    view.partner.jwks = "installed";
    view.keys = *tokens::KeySet::make("https://i", {{"k", signing->verify_key()}});
    codec::base64url_encode(as_bytes(std::string_view(R"({"alg":"ES256","kid":"k","typ":"mcx-st+jwt"})")), header);
  }
  std::string sign(std::string_view payload) {
    std::string compact = header + '.';
    codec::base64url_encode(as_bytes(payload), compact);
    std::array<std::byte, 64> signature;
    require(signing->sign(scratch, as_bytes(compact), signature).has_value());
    compact += '.';
    codec::base64url_encode(signature, compact);
    return compact;
  }

  std::unique_ptr<crypto::SigningKey> signing;
  crypto::SigningContext scratch;
  partners::PartnerView view;
  std::string header;
  tokens::Verifier verifier = *tokens::Verifier::create();
  codec::JsonReader reader;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const partners::SecurityTokenRules rules{&world.view, {"https://us"}, 1'700'000'000, {}};
  (void)partners::unverified_issuer(world.reader, text);
  require(!partners::check_security_token(world.verifier, text, rules).has_value());
  const std::string token = world.sign(text);
  (void)partners::unverified_issuer(world.reader, token);
  const auto checked = partners::check_security_token(world.verifier, token, rules);
  if (!checked) return 0;
  for (const std::string* part : {&checked->origin.sub, &checked->origin.jti, &checked->origin.sid,
                                  &checked->origin.access_token_jti, &checked->mc_id, &checked->mcptt_id}) {
    require(part->find('\0') == std::string::npos && part->size() <= tokens::kMcIdMax);
  }
  require(!checked->origin.sub.empty() && !checked->origin.jti.empty());
  require(checked->expires_at <= rules.now + 630 && checked->expires_at > rules.now - 30);
  (void)partners::is_in_domains(checked->mc_id, {"alpha.example"});
  return 0;
}
