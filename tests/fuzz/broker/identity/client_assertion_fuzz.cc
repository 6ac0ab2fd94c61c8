// Any text for a client assertion: refused without a crash, for no signature of ours is in it.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker/identity/client_assertion.h"
#include "core/crypto/signing_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  static codec::JsonReader reader;
  static crypto::VerifyContext context;
  static const crypto::JwkSet keys = [] {
    const auto key = crypto::SigningKey::generate(crypto::SignatureAlgorithm::Es256);
    crypto::JwkSet set;
    set.keys.push_back({"k", key->verify_key()});
    return set;
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)identity::unverified_client_id({reader, context}, text);
  const identity::AssertionExpectation expected{.client_id = "robot",
                                                .issuer = "https://idms.example",
                                                .token_endpoint = "https://idms.example/token",
                                                .asked_endpoint = "https://idms.example/par",
                                                .now = 0};
  if (identity::verify_assertion({reader, context}, text, keys, expected)) std::abort();
  return 0;
}
