// The keys of stateless session tickets (RFC 5077, RFC 8446 clause 4.6.1): made at start, shared by all shards and
// listeners, rotated while serving. Only in memory: a restart costs each client one full handshake.
//
// Any thread; the lock is held for a copy of one key (a handshake costs 200 us beside it).
#pragma once

#include <array>
#include <deque>
#include <mutex>
#include <optional>

#include "core/base/clock.h"
#include "core/base/secret.h"

namespace claviger::net {

// A stolen ticket key opens the resumption secrets of this long, so it is short (RFC 5077 clause 5.5).
inline constexpr Seconds kTicketKeyLifetime{3600};
// The present key and the former ones whose tickets are still taken: tickets live at most that many lifetimes.
inline constexpr std::size_t kTicketKeysMax = 3;

struct TicketKey {
  std::array<std::byte, 16> name{};
  Secret<32> encryption;
  Secret<32> authentication;
};

class TicketKeys {
 public:
  TicketKeys() { rotate(); }
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // A new key from now on; the oldest is wiped. Called every kTicketKeyLifetime.
  void rotate();

  struct Found {
    TicketKey key;
    bool is_current = false;
  };
  TicketKey current() const;
  std::optional<Found> find(Bytes name) const;

 private:
  mutable std::mutex mutex_;
  std::deque<TicketKey> keys_;  // newest first
};

}  // namespace claviger::net
