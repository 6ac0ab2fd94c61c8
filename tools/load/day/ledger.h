// The acts that the broker acknowledged, a line each, in the order of their acknowledgements: what must be true at the end.
//
// No secret is in it: tokens and keys by the first 64 bits of their SHA-256. One thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "tools/load/day/kind.h"

namespace claviger::day {

// Of a token or a key: equal when they are equal, and nothing else can be told from it.
std::uint64_t mark_of(std::string_view secret);

class Ledger {
 public:
  Ledger(const std::string& file, Monotonic start);
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  ~Ledger();

  bool is_open() const { return file_ != nullptr; }
  void acknowledged(Kind kind, std::size_t who, std::uint64_t mark = 0);
  std::uint64_t entries() const { return entries_; }

 private:
  std::FILE* file_;
  Monotonic start_;
  std::uint64_t entries_ = 0;
};

}  // namespace claviger::day
