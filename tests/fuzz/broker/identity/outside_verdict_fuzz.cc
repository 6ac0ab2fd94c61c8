// Any answer of an outside verifier, and any MAC beside it: accepted by its own word alone, and with a MAC key never
// without a MAC of that very answer to that very question.
#include <cstdint>
#include <string>

#include "broker/identity/authenticators/outside_verifier.h"
#include "core/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  using namespace claviger::identity;
  static const SecretBytes none;
  static const SecretBytes key(as_bytes(std::string_view("0123456789abcdef0123456789abcdef")));
  constexpr std::string_view kNonce = "nonce-of-this-question";
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const std::string_view mac = text.substr(0, line);
  const std::string_view body = text.substr(std::min(line + 1, text.size()));

  const auto said = read_verdict(none, kNonce, mac, body);
  if (said) {
    CLAVIGER_ASSERT(body.find(*said ? "accept" : "reject") != std::string_view::npos ||
                    body.find('\\') != std::string_view::npos);
  } else {
    CLAVIGER_ASSERT(said.failed_with(Code::Refused));
  }
  const std::string good = verifier_mac(key, "answer", kNonce, body);
  CLAVIGER_ASSERT(mac == good || read_verdict(key, kNonce, mac, body).failed_with(Code::Refused));
  const auto proved = read_verdict(key, kNonce, good, body);
  CLAVIGER_ASSERT(proved.has_value() == said.has_value() && (!said || *proved == *said));
  // Of another question, and of the question itself.
  CLAVIGER_ASSERT(!read_verdict(key, "nonce-of-another", good, body));
  CLAVIGER_ASSERT(!read_verdict(key, kNonce, verifier_mac(key, "request", kNonce, body), body));
  return 0;
}
