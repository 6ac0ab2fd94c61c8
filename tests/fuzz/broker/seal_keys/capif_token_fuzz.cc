// Access tokens of a CAPIF core function. The first byte says what the rest is: 0 a token, which nobody signed; 1 claims,
// 2 a header, a NUL and claims, which are signed here with the core function's key, so that the steps behind the signature
// are reached. What is accepted is of now, for us, and of an invoker whose name is one.
#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "broker/identity/val_identity.h"
#include "broker/seal_keys/capif_token.h"
#include "core/base/assert.h"
#include "core/codec/base64url.h"
#include "core/crypto/signing_key.h"

namespace {

using namespace claviger;
using namespace claviger::seal_keys;

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::string_view kOrigin = "https://skm.example";

struct World {
  World() : key(*crypto::SigningKey::generate(crypto::SignatureAlgorithm::Es256)) {
    view.core.issuer = "https://core.example";
    view.core.aef_id = "AEF-1";
    std::vector<crypto::Jwk> keys;
    keys.push_back({"k", key.verify_key()});
    view.keys = *tokens::KeySet::make(view.core.issuer, std::move(keys));
    tokens::VerifierOptions options;
    options.cached_tokens = 0;
    verifier = std::make_unique<tokens::Verifier>(*tokens::Verifier::create(std::move(options)));
  }

  std::string sign(std::string_view header, std::string_view payload) {
    std::string token;
    codec::base64url_encode(as_bytes(header), token);
    token += '.';
    codec::base64url_encode(as_bytes(payload), token);
    std::array<std::byte, 64> signature{};
    CLAVIGER_ASSERT(key.sign(context, as_bytes(token), signature).has_value());
    token += '.';
    codec::base64url_encode(signature, token);
    return token;
  }

  crypto::SigningKey key;
  crypto::SigningContext context;
  CapifView view;
  std::unique_ptr<tokens::Verifier> verifier;
};

std::string token_from(World& world, unsigned mode, std::string_view rest) {
  if (mode == 0) return std::string(rest);
  if (mode == 1) return world.sign(R"({"alg":"ES256"})", rest);
  const std::size_t nul = std::min(rest.find('\0'), rest.size());
  return world.sign(rest.substr(0, nul), rest.substr(std::min(nul + 1, rest.size())));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  if (size == 0) return 0;
  const unsigned mode = data[0] % 3;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string token = token_from(world, mode, rest);
  const auto read = read_capif_token(*world.verifier, world.view, kOrigin, token, kNow);
  if (!read) return 0;
  CLAVIGER_ASSERT(mode != 0);
  CLAVIGER_ASSERT(read->invoker.empty() || identity::is_val_identity(read->invoker));
  CLAVIGER_ASSERT(!read->invoker.empty() || !read->has_our_scope);
  CLAVIGER_ASSERT(!read->issued_at || *read->issued_at <= kNow + 1);
  // Of a token without a time of its end, or whose end is long past, nothing is left.
  const auto later = read_capif_token(*world.verifier, world.view, kOrigin, token, std::int64_t{1} << 60U);
  CLAVIGER_ASSERT(!later || rest.find("exp") != std::string_view::npos);
  return 0;
}
