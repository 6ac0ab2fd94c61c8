#include "core/codec/base64url.h"

#include <cstdint>

#include "core/codec/base64_kernels.h"

namespace claviger::codec {
namespace {

using kernels::Alphabet;

constexpr Error kInvalid{Code::Base64Invalid, "base64"};

// The last 2 or 3 characters, which stand for 1 or 2 bytes. The bits behind the last byte must be zero.
Result<std::size_t> decode_rest(Alphabet alphabet, const std::uint8_t* text, std::size_t size, std::uint8_t* out) {
  if (size == 0) return std::size_t{0};
  if (size == 1) return kInvalid;
  const std::uint32_t a = kernels::decode_character(alphabet, text[0]);
  const std::uint32_t b = kernels::decode_character(alphabet, text[1]);
  const std::uint32_t c = size == 3 ? kernels::decode_character(alphabet, text[2]) : 0;
  if (((a | b | c) & 0x80U) != 0) return kInvalid;
  const std::uint32_t behind = size == 3 ? c & 0x03U : b & 0x0FU;
  if (behind != 0) return kInvalid;
  out[0] = static_cast<std::uint8_t>(a << 2U | b >> 4U);
  if (size == 3) out[1] = static_cast<std::uint8_t>(b << 4U | c >> 2U);
  return size - 1;
}

// Returns how many characters were written for the last 1 or 2 bytes.
std::size_t encode_rest(Alphabet alphabet, const std::uint8_t* bytes, std::size_t size, std::uint8_t* out) {
  if (size == 0) return 0;
  const std::uint32_t bits = std::uint32_t{bytes[0]} << 16U | (size == 2 ? std::uint32_t{bytes[1]} << 8U : 0U);
  out[0] = kernels::encode_value(alphabet, bits >> 18U);
  out[1] = kernels::encode_value(alphabet, bits >> 12U & 63U);
  if (size == 2) out[2] = kernels::encode_value(alphabet, bits >> 6U & 63U);
  return size + 1;
}

}  // namespace

Result<std::size_t> base64url_decode(std::string_view text, MutableBytes out) {
  if (text.size() % 4 == 1) return kInvalid;
  if (out.size() < base64url_decoded_size_max(text.size())) return Error{Code::TooLarge, "base64.out"};
  const std::uint8_t* in = as_uchar(as_bytes(text));
  std::uint8_t* to = as_uchar(out);
  std::size_t done = 0;
  if (text.size() >= 32 && kernels::has_avx2()) {
    const kernels::Progress progress = kernels::decode_url_avx2(in, text.size(), to);
    if (!progress.valid) return kInvalid;
    done = progress.consumed;
  }
  const std::size_t groups = (text.size() - done) / 4;
  if (!kernels::decode_groups(Alphabet::Url, in + done, groups, to + done / 4 * 3)) return kInvalid;
  done += groups * 4;
  const std::size_t written = done / 4 * 3;
  const Result<std::size_t> rest = decode_rest(Alphabet::Url, in + done, text.size() - done, to + written);
  if (!rest) return rest.error();
  return written + *rest;
}

std::size_t base64url_encode(Bytes bytes, MutableBytes out) {
  CLAVIGER_ASSERT(out.size() >= base64url_encoded_size(bytes.size()));
  const std::uint8_t* in = as_uchar(bytes);
  std::uint8_t* to = as_uchar(out);
  std::size_t done = 0;
  if (bytes.size() >= 28 && kernels::has_avx2()) done = kernels::encode_avx2(Alphabet::Url, in, bytes.size(), to);
  const std::size_t groups = (bytes.size() - done) / 3;
  kernels::encode_groups(Alphabet::Url, in + done, groups, to + done / 3 * 4);
  done += groups * 3;
  const std::size_t written = done / 3 * 4;
  return written + encode_rest(Alphabet::Url, in + done, bytes.size() - done, to + written);
}

Result<std::size_t> base64_decode(std::string_view text, MutableBytes out) {
  if (text.size() % 4 != 0) return kInvalid;
  if (text.empty()) return std::size_t{0};
  const std::size_t padding = text.ends_with("==") ? 2 : (text.ends_with('=') ? 1 : 0);
  if (out.size() < text.size() / 4 * 3 - padding) return Error{Code::TooLarge, "base64.out"};
  const std::uint8_t* in = as_uchar(as_bytes(text));
  std::uint8_t* to = as_uchar(out);
  const std::size_t groups = text.size() / 4 - (padding != 0 ? 1 : 0);
  if (!kernels::decode_groups(Alphabet::Standard, in, groups, to)) return kInvalid;
  const std::size_t rest_size = padding != 0 ? 4 - padding : 0;
  const Result<std::size_t> rest = decode_rest(Alphabet::Standard, in + groups * 4, rest_size, to + groups * 3);
  if (!rest) return rest.error();
  return groups * 3 + *rest;
}

std::size_t base64_encode(Bytes bytes, MutableBytes out) {
  const std::size_t size = base64_encoded_size(bytes.size());
  CLAVIGER_ASSERT(out.size() >= size);
  const std::uint8_t* in = as_uchar(bytes);
  std::uint8_t* to = as_uchar(out);
  std::size_t done = 0;
  if (bytes.size() >= 28 && kernels::has_avx2()) {
    done = kernels::encode_avx2(Alphabet::Standard, in, bytes.size(), to);
  }
  const std::size_t groups = (bytes.size() - done) / 3;
  kernels::encode_groups(Alphabet::Standard, in + done, groups, to + done / 3 * 4);
  done += groups * 3;
  std::size_t written = done / 3 * 4;
  written += encode_rest(Alphabet::Standard, in + done, bytes.size() - done, to + written);
  while (written < size) to[written++] = '=';
  return size;
}

}  // namespace claviger::codec
