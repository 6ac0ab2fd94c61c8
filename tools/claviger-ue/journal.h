// What a command tells its user: steps with what they took, details below, and why it failed.
//
// Steps go to standard output, complaints to standard error. Never a password, token or key. One thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace claviger::ue {

class Journal {
 public:
  explicit Journal(bool is_quiet) : is_quiet_(is_quiet), began_(std::chrono::steady_clock::now()) {}

  // A step is done; it took the time since the last one.
  void step(std::string_view what);
  // No steps from here on: standard output is for the result.
  void hush() { is_quiet_ = true; }
  void detail(std::string_view text);
  // Said even when quiet: what was asked for.
  void result(std::string_view text);
  void complain(std::string_view text);
  // "keys: SealBroken (i_message.signature)".
  void complain(std::string_view doing, const Error& error);

 private:
  bool is_quiet_;
  std::chrono::steady_clock::time_point began_;
};

// The first octets of a digest in hex: enough for people to compare two keys, nothing of either.
std::string fingerprint(Bytes secret);

}  // namespace claviger::ue
