// One server connection fed with a fuzzer's bytes, cut into pieces, while time passes and handlers answer.
#pragma once

#include "tests/core/http/fake_host.h"

namespace claviger::http {

// The first byte is the pieces' size; each piece costs a second, each fourth lets the waiting handlers answer.
inline void run_server(FakeHost& host, std::string_view prefix, const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  const std::size_t step = data[0] == 0 ? size : data[0];
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if (!prefix.empty()) host.exchange(prefix);
  for (std::size_t turn = 0; !bytes.empty() && !host.protocol->is_finished(); ++turn) {
    if (!host.protocol->wants_input() || turn % 4 == 3) host.answer_waiting();
    host.exchange(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    host.advance(Seconds(1));
  }
  host.answer_waiting();
  host.pull();
  host.protocol->drain();
  host.pull();
  host.stop();
  CLAVIGER_ASSERT(host.pool.in_use() == 0);
  CLAVIGER_ASSERT(host.counters.requests_in_flight.read() == 0);
}

}  // namespace claviger::http
