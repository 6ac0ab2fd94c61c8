// What one shard's HTTP server has counted since it started. Written by its shard only, read by any thread.
#pragma once

#include <array>

#include "core/base/counter.h"

namespace claviger::http {

struct Counters {
  Counter connections_accepted;
  Counter connections_open;     // a gauge
  Counter connections_refused;  // by a bound on connections
  Counter connections_displaced;  // the oldest idle ones, for newcomers
  Counter handshakes;           // completed
  Counter handshakes_resumed;
  Counter handshakes_failed;
  Counter requests_http1;
  Counter requests_http2;
  Counter requests_in_flight;        // a gauge: handlers waiting
  Counter requests_held_bytes;       // a gauge: of requests not yet answered, of answers not yet sent
  Counter requests_overload;         // answered 503 at the bound
  Counter requests_cancelled;        // the peer went away before the answer
  std::array<Counter, 6> responses;  // by status class, [2] for 2xx; [0] is not used
  Counter bytes_received;            // plaintext
  Counter bytes_sent;
  Counter protocol_errors;  // connections ended for breaking the protocol
  Counter abuses;           // connections ended for work without purpose, oversized lists
  Counter timeouts;         // slow heads, bodies, readers
};

}  // namespace claviger::http
