// What one HTTP connection may ask of us: each bound with its reason. One per listener, immutable.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/clock.h"

namespace claviger::http {

// All names and values of one request. Ours need some 3 KiB: an access token, a client assertion, cookies.
inline constexpr std::size_t kHeaderBytesMax = 16 * 1024;
// RFC 9110 clause 4.1 recommends 8000 at least; an authorization request with a request object has 4 KiB.
inline constexpr std::size_t kTargetBytesMax = 8 * 1024;
// Browsers send some 20.
inline constexpr std::size_t kFieldsMax = 100;

struct Limits {
  std::uint32_t streams_max = 128;              // concurrent requests of one HTTP/2 connection; h2load asks for 32
  std::size_t connections_max = 65'536;         // of the listener, all shards: some 30 KiB each when idle under TLS
  std::uint32_t source_connections_max = 1024;  // of one source address; 0: no bound. A NAT hides hundreds of UEs
  // Of one shard, each: connections that have not said a word, and handshakes that have begun: 0.3 s of its CPU. Beyond
  // that the oldest of them goes.
  std::size_t silent_max = 1024;
  std::size_t handshaking_max = 1024;
  // Of one source among either, before its own oldest goes first. Behind a gateway a hundred UEs may begin at once; a
  // handshake takes two round trips, so that this is a thousand a second.
  std::uint32_t source_share = 128;
  // Of one shard, whatever they do: beyond it the oldest connection is closed. 0: none is. For listeners whose users
  // ask once and are done.
  std::size_t displacing_max = 0;
  std::size_t in_flight_max = 4096;             // handlers waiting on one shard: each pins a slab or two
  // Fields and bodies of all requests of one shard that are not yet answered, and answers that are not yet sent: 128
  // streams of a thousand connections, each with a list and half a body, would be gigabytes.
  std::size_t held_bytes_max = 256 * 1024 * 1024;
  // Answers of one connection that its peer does not take: 128 of 4 KiB, a list of subscribers. Beyond it new streams
  // are refused.
  std::size_t unsent_max = 512 * 1024;
  Milliseconds first_byte{5'000};    // of a new connection: a lost segment is sent again twice within it
  Milliseconds handshake{10'000};    // from its first byte
  Milliseconds head{10'000};         // from a request's first byte to the end of its fields
  Milliseconds body{10'000};         // plus one second for each body_rate_min bytes that came
  std::size_t body_rate_min = 1024;  // a slow radio link does ten times that
  Milliseconds idle{75'000};         // kept alive without a request
  Milliseconds send_stall{30'000};   // without the peer taking a byte of an answer; and as body, with:
  std::size_t answer_rate_min = 1024;  // all answers of a connection together
};

}  // namespace claviger::http
