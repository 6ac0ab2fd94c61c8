// Any text for a DPoP proof: read or refused, never a crash. What is read is for the method and URL that we expect.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "broker/tokens/verifier/dpop_proof.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  static codec::JsonReader reader;
  static crypto::VerifyContext context;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Of the example in RFC 9449 clause 5, so that the seeds reach the end.
  const tokens::DpopExpectation expected{
      .method = "POST", .url = "https://server.example.com/token", .access_token = {}, .now = 1'562'262'616};
  const auto proof = tokens::read_dpop_proof({reader, context}, text, expected);
  if (proof && text.size() < 100) std::abort();  // a signature alone is longer
  if (tokens::is_same_htu(text, "https://server.example.com/token") && text.size() < 30) std::abort();
  return 0;
}
