// The client preface and an empty SETTINGS frame come first: the fuzzer's bytes are the frames behind them.
#include "tests/fuzz/core/http/server_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace std::string_view_literals;
  claviger::http::FakeHost host;
  host.start_http2();
  claviger::http::run_server(host, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"sv, data, size);
  return 0;
}
