#include "tests/fuzz/core/http/server_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  claviger::http::FakeHost host;
  host.start_http1();
  claviger::http::run_server(host, {}, data, size);
  return 0;
}
