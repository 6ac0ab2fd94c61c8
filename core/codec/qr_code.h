// QR codes (ISO/IEC 18004) of short texts: byte mode, error correction level M, versions 1 to 20.
//
// Pure functions, any thread. What is shown is often a key: the caller wipes what it rendered.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace claviger::codec {

// What version 20 holds at level M; a denser one is hard to photograph off a screen.
inline constexpr std::size_t kQrTextBytesMax = 666;

class QrCode {
 public:
  // TooLarge.
  static Result<QrCode> make(std::string_view text);

  int size() const { return size_; }  // modules on a side, without the quiet zone
  bool is_dark(int x, int y) const { return (modules_[index(x, y)] & kDark) != 0; }

 private:
  friend class QrPainter;
  static constexpr std::uint8_t kDark = 1;
  static constexpr std::uint8_t kFixed = 2;  // finder, timing, alignment, format, version: never masked
  explicit QrCode(int size) : size_(size), modules_(static_cast<std::size_t>(size) * static_cast<std::size_t>(size)) {}
  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(size_) + static_cast<std::size_t>(x);
  }
  int size_;
  std::vector<std::uint8_t> modules_;
};

// An <svg> element with a quiet zone of four modules, black on white in every colour scheme.
std::string qr_svg(const QrCode& code);
// Half blocks, two modules a character, light on dark terminals and dark on light ones alike (explicit colours).
std::string qr_terminal(const QrCode& code);

}  // namespace claviger::codec
