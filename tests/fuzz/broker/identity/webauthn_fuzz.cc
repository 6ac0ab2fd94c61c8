// What a browser sends as a key's answer, the way in: the JSON, or what is within it (after a first byte that says which).
#include "broker/identity/authenticators/webauthn.h"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/codec/base64url.h"

using namespace claviger;
using namespace claviger::identity;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  const WebAuthnExpected expected{relying_party_of("https://localhost:8443/idms/v1/alpha"), "Y2hhbGxlbmdl"};
  if (data[0] == 0) {
    (void)credential_of(text);
    (void)check_made(expected, text);
    (void)check_signed(expected, {}, "aGFuZGxl", text);
    return 0;
  }
  if (data[0] == 1) {
    (void)read_cose_key(as_bytes(text));
    return 0;
  }
  // As the attestation object, or the authenticator data, of an answer that is right so far.
  const auto encoded = [](std::string_view bytes) {
    std::string out;
    codec::base64url_encode(as_bytes(bytes), out);
    return out;
  };
  const bool is_made = data[0] == 2;
  const std::string client = std::string(R"({"type":"webauthn.)") + (is_made ? "create" : "get") +
                             R"(","challenge":"Y2hhbGxlbmdl","origin":"https://localhost:8443"})";
  const std::string answer = R"({"id":"aWQ","clientDataJSON":")" + encoded(client) + "\",\"" +
                             (is_made ? "attestationObject" : "authenticatorData") + "\":\"" + encoded(text) +
                             R"(","signature":""})";
  const auto made = check_made(expected, answer);
  if (made && (made->id != "aWQ" || !read_cose_key(as_bytes(made->public_key)))) std::abort();
  // Without a key nothing is signed.
  if (check_signed(expected, {"aWQ", {}, 0}, "aGFuZGxl", answer)) std::abort();
  return 0;
}
