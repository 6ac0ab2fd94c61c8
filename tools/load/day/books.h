// The end of the day: is every acknowledged act still true, has anybody more or less than he should, was any secret given
// out twice?
//
// Asks the broker about every user, one question after another each, some users at a time. One shard.
#pragma once

#include "tools/load/day/day.h"

namespace claviger::day {

struct Audit {
  std::uint64_t users = 0;         // who had signed in
  std::uint64_t sessions = 0;      // acknowledged ones that must live, and do
  std::uint64_t ended_tokens = 0;  // that must be dead, and are
  std::uint64_t dismissed = 0;
  std::uint64_t key_sets = 0;
  std::uint64_t publications = 0;
  std::uint64_t profiles = 0;
  std::uint64_t migrants = 0;
  std::uint64_t counted = 0;  // users whose sessions were counted at the administrator's socket
  std::uint64_t tokens = 0;   // different ones
  std::uint64_t unknown = 0;  // users whose last act nobody answered: nothing is said of them
};

// What is wrong goes into day->violations.
runtime::Task<void> check_books(Day* day, Audit* audit, bool* is_done);

}  // namespace claviger::day
