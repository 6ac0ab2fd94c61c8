#include "core/codec/cbor_reader.h"

#include <limits>

#include "core/codec/utf8.h"

namespace claviger::codec {
namespace {

// RFC 8949 clause 3.1.
constexpr std::uint8_t kUnsigned = 0;
constexpr std::uint8_t kNegative = 1;
constexpr std::uint8_t kBytes = 2;
constexpr std::uint8_t kText = 3;
constexpr std::uint8_t kArray = 4;
constexpr std::uint8_t kMap = 5;
constexpr std::uint8_t kTag = 6;
constexpr std::uint8_t kSimple = 7;

constexpr Error kTruncated{Code::Truncated, "cbor"};
constexpr Error kBadValue{Code::BadValue, "cbor"};

}  // namespace

// Clause 4.2.1: the shortest head that holds the argument is the only one.
Result<CborReader::Head> CborReader::head() {
  if (left_.empty()) return kTruncated;
  const auto first = std::to_integer<std::uint8_t>(left_[0]);
  const auto major = static_cast<std::uint8_t>(first >> 5U);
  const std::uint8_t info = first & 0x1FU;
  if (info < 24) {
    left_ = left_.subspan(1);
    return Head{major, info};
  }
  if (info > 27 || major == kSimple) return kBadValue;  // indefinite, reserved, floats
  const std::size_t size = std::size_t{1} << (info - 24U);
  if (left_.size() - 1 < size) return kTruncated;
  std::uint64_t argument = 0;
  for (const std::byte byte : left_.subspan(1, size)) argument = argument << 8U | std::to_integer<std::uint64_t>(byte);
  const std::uint64_t shorter = info == 24 ? 24 : std::uint64_t{1} << (4 * size);
  if (argument < shorter) return kBadValue;
  left_ = left_.subspan(1 + size);
  return Head{major, argument};
}

Result<CborKind> CborReader::kind() const {
  if (left_.empty()) return kTruncated;
  switch (std::to_integer<std::uint8_t>(left_[0]) >> 5U) {
    case kUnsigned:
    case kNegative:
      return CborKind::Integer;
    case kBytes:
      return CborKind::Bytes;
    case kText:
      return CborKind::Text;
    case kArray:
      return CborKind::Array;
    case kMap:
      return CborKind::Map;
    case kSimple:
      return CborKind::Simple;
    default:
      return kBadValue;
  }
}

Result<std::int64_t> CborReader::integer() {
  CLAVIGER_TRY(read, head());
  if (read.major != kUnsigned && read.major != kNegative) return kBadValue;
  if (read.argument > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return Error{Code::OutOfRange, "cbor"};
  }
  const auto value = static_cast<std::int64_t>(read.argument);
  return read.major == kUnsigned ? value : -1 - value;
}

Result<Bytes> CborReader::string_of(std::uint8_t major) {
  CLAVIGER_TRY(read, head());
  if (read.major != major) return kBadValue;
  if (read.argument > left_.size()) return kTruncated;
  const Bytes bytes = left_.first(static_cast<std::size_t>(read.argument));
  left_ = left_.subspan(bytes.size());
  return bytes;
}

Result<Bytes> CborReader::byte_string() { return string_of(kBytes); }

Result<std::string_view> CborReader::text() {
  CLAVIGER_TRY(bytes, string_of(kText));
  if (!is_utf8(as_text(bytes))) return Error{Code::Utf8Invalid, "cbor"};
  return as_text(bytes);
}

// Every item takes a byte at least: a count beyond the bytes that are left lies.
Result<std::size_t> CborReader::count_of(std::uint8_t major, std::size_t items_each) {
  CLAVIGER_TRY(read, head());
  if (read.major != major) return kBadValue;
  if (read.argument > left_.size() / items_each) return kTruncated;
  return static_cast<std::size_t>(read.argument);
}

Result<std::size_t> CborReader::array() { return count_of(kArray, 1); }
Result<std::size_t> CborReader::map() { return count_of(kMap, 2); }

Result<Unit> CborReader::skip() {
  std::size_t items = 1;
  while (items != 0) {
    --items;
    CLAVIGER_TRY(read, head());
    switch (read.major) {
      case kUnsigned:
      case kNegative:
        break;
      case kBytes:
      case kText: {
        if (read.argument > left_.size()) return kTruncated;
        const Bytes bytes = left_.first(static_cast<std::size_t>(read.argument));
        if (read.major == kText && !is_utf8(as_text(bytes))) return Error{Code::Utf8Invalid, "cbor"};
        left_ = left_.subspan(bytes.size());
        break;
      }
      case kArray:
      case kMap: {
        const std::size_t each = read.major == kMap ? 2 : 1;
        if (read.argument > left_.size() / each) return kTruncated;
        items += static_cast<std::size_t>(read.argument) * each;
        break;
      }
      case kSimple:
        if (read.argument < 20 || read.argument > 22) return kBadValue;  // false, true, null
        break;
      case kTag:
      default:
        return kBadValue;
    }
    if (items > left_.size()) return kTruncated;
  }
  return Unit{};
}

}  // namespace claviger::codec
