// A record's bytes as the store gave them, with the version that wrote them.
//
// Owned by whoever holds it, may be released on any thread. It may pin a whole block of the engine's cache: release it
// before waiting for a peer, and copy what stays longer. The bytes are not aligned: a FlatBuffer is copied into an
// aligned buffer first (storage/record.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "core/base/bytes.h"

namespace claviger::storage {

// What keeps an engine's bytes alive.
class Pin {
 public:
  virtual ~Pin() = default;
};

class Value {
 public:
  Value(Bytes bytes, std::uint64_t version, std::int64_t expires_at, std::unique_ptr<Pin> pin)
      : bytes_(bytes), version_(version), expires_at_(expires_at), pin_(std::move(pin)) {}
  // A value that owns its bytes and pins nothing.
  static Value owned(std::string text, std::uint64_t version, std::int64_t expires_at) {
    auto pin = std::make_unique<OwnedPin>(std::move(text));
    const Bytes bytes = as_bytes(pin->text);
    return Value(bytes, version, expires_at, std::move(pin));
  }
  Value(Value&&) noexcept = default;
  Value& operator=(Value&&) noexcept = default;

  Bytes bytes() const { return bytes_; }
  std::string_view text() const { return as_text(bytes_); }
  std::uint64_t version() const { return version_; }
  std::int64_t expires_at() const { return expires_at_; }  // 0: never

 private:
  struct OwnedPin final : Pin {
    explicit OwnedPin(std::string owned) : text(std::move(owned)) {}
    std::string text;
  };

  Bytes bytes_;
  std::uint64_t version_;
  std::int64_t expires_at_;
  std::unique_ptr<Pin> pin_;
};

}  // namespace claviger::storage
