#include "tests/fuzz/core/http/client_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  claviger::http::FuzzedClient client;
  client.run(&claviger::http::make_client_http1, data, size);
  return 0;
}
