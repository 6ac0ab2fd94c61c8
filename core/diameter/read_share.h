// How much of what has come a connection's turn takes: answers end what is under way and come first, requests begin something
// and share one turn's part.
//
// Without it a relay that falls behind falls further: with many connections that ask and one that answers, a turn begins a
// thousand transactions, ends thirty, and leaves thirty connections with one answer each, so that nothing is sent
// together and nothing is in the cache when it is needed again (bench_diameter_relay --connections 64 --rate 70). What is
// not read waits in the sockets, where it holds up who sends too much. Under TLS a turn reads 16 KiB of a connection at the
// least, a record's size.
//
// One per shard.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/base/clock.h"

namespace claviger::diameter {

class ReadShare {
 public:
  // Answers of one connection: as much as a turn may send.
  static constexpr std::size_t kAnswers = 256 * 1024;
  // One answer: a vector and what stands around it has 500 to 900 octets.
  static constexpr std::size_t kAnswerBytes = 1024;
  // Requests of all connections, some three hundred; of one of many, some five.
  static constexpr std::size_t kRequests = 128 * 1024;
  static constexpr std::size_t kRequestsMin = 2 * 1024;

  // For one more connection that is read from in this turn: its part, if as many come as in the turn before.
  std::size_t of_requests(Monotonic turn) {
    if (turn != turn_) {
      turn_ = turn;
      before_ = readers_;
      readers_ = 0;
    }
    ++readers_;
    return std::max(kRequestsMin, kRequests / std::max<std::size_t>(1, before_));
  }

 private:
  Monotonic turn_ = Monotonic::min();
  std::size_t before_ = 0;
  std::size_t readers_ = 0;
};

}  // namespace claviger::diameter
