// Who lives in the day: users with what the broker has acknowledged to them, and who of them migrates.
//
// One thread. An act takes a user for itself while it changes him (is_busy), so that what must be true of him is known.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/clock.h"
#include "core/crypto/aka/aka.h"

namespace claviger::day {

struct User {
  std::string access_token;
  std::string refresh_token;
  Monotonic issued{};      // of the access token
  std::string entity_tag;  // of his publication
  std::string profile_tag;
  std::uint32_t device = 0;   // which of his devices he holds
  std::uint32_t changes = 0;  // of what must be true of him: an answer that overlaps one proves nothing
  std::uint32_t orphans = 0;  // sessions that may have begun without an acknowledgement
  bool is_busy = false;
  bool is_signed_in = false;
  bool is_dismissed = false;
};

// Tokens that must not work any more, and whose they were.
struct Dead {
  std::size_t user;
  std::string access_token;
  std::string refresh_token;
};

struct Migrant {
  aka::SubscriberKey key;
  std::string partner_impi;
  std::string partner_impu;
  std::uint64_t highest = 0;  // sequence number that was given out
  bool is_busy = false;
  bool is_assigned = false;
};

// What may exist once only: tokens by their mark, key sets by whose they are and of which period.
class Secrets {
 public:
  // False: it was given out before.
  bool add_token(std::uint64_t mark) { return owners_.emplace(mark, 0).second; }
  enum class Verdict : std::uint8_t { Fresh, Same, Changed, Shared };
  // `name`: user and key period. The same name has the same keys for ever, and nobody else has them.
  Verdict add_keys(std::uint64_t name, std::uint64_t mark);
  std::size_t tokens() const { return owners_.size(); }
  std::size_t key_sets() const { return keys_.size(); }

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> owners_;
  std::unordered_map<std::uint64_t, std::uint64_t> keys_;        // mark by name
  std::unordered_map<std::uint64_t, std::uint64_t> key_owners_;  // name by mark
};

// Subscriber keys from a number: bench/day imports the same ones.
aka::SubscriberKey subscriber_key(std::size_t number);

}  // namespace claviger::day
