// Keys, passwords, codes and other bytes that must not outlive their use, be copied by accident, printed, or compared
// with a function that leaves early.
//
// Owned by one holder at a time, any thread. The moved-from and the destroyed are wiped with OPENSSL_cleanse.
// `reveal()` is the only way in and easy to grep for. Memory of SecretBytes is kept out of core dumps by the process
// (clavigerd sets PR_SET_DUMPABLE to 0).
#pragma once

#include <array>
#include <cstddef>
#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "core/base/bytes.h"

namespace claviger {

// Constant time in the contents; the lengths are public. False when they differ.
bool equals_constant_time(Bytes left, Bytes right);
void wipe(MutableBytes bytes) noexcept;

template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::span<const std::byte, N> bytes) { std::memcpy(bytes_.data(), bytes.data(), N); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  ~Secret() { wipe(bytes_); }

  std::span<const std::byte, N> reveal() const { return bytes_; }
  std::span<std::byte, N> reveal_for_writing() { return bytes_; }
  bool equals(Bytes other) const { return equals_constant_time(bytes_, other); }

 private:
  std::array<std::byte, N> bytes_{};
};

// A secret whose length is known only at run time. Never grows in place: growth would leave copies behind.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size) : bytes_(size ? new std::byte[size]() : nullptr), size_(size) {}
  explicit SecretBytes(Bytes bytes) : SecretBytes(bytes.size()) {
    if (size_ != 0) std::memcpy(bytes_.get(), bytes.data(), size_);
  }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)), size_(other.size_) { other.size_ = 0; }
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
      clear();
      bytes_ = std::move(other.bytes_);
      size_ = other.size_;
      other.size_ = 0;
    }
    return *this;
  }
  ~SecretBytes() { clear(); }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Bytes reveal() const { return {bytes_.get(), size_}; }
  MutableBytes reveal_for_writing() { return {bytes_.get(), size_}; }
  SecretBytes duplicate() const { return SecretBytes(reveal()); }
  bool equals(Bytes other) const { return equals_constant_time(reveal(), other); }

 private:
  void clear() noexcept {
    if (size_ != 0) wipe({bytes_.get(), size_});
    bytes_.reset();
    size_ = 0;
  }
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
};

static_assert(!std::is_copy_constructible_v<Secret<32>> && !std::equality_comparable<Secret<32>>);
static_assert(!std::is_copy_constructible_v<SecretBytes> && !std::equality_comparable<SecretBytes>);

}  // namespace claviger
