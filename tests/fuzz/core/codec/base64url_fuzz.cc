// The input as text and as bytes: what decodes encodes to the same text, what was encoded decodes, and the
// fast and the portable code agree. Hexadecimal and percent-encoding go along.
#include "core/codec/base64url.h"

#include <cctype>
#include <string>
#include <vector>

#include "core/codec/base64_kernels.h"
#include "core/codec/hex.h"
#include "core/codec/percent.h"

using namespace claviger;
using namespace claviger::codec;

namespace {

// Exactly as much room as is promised to be enough, so that a byte too many is seen by the sanitizer.
void check_text(std::string_view text) {
  std::vector<std::byte> url(base64url_decoded_size_max(text.size()));
  if (const auto size = base64url_decode(text, url); size) {
    CLAVIGER_ASSERT(*size == url.size());
    std::string back;
    base64url_encode(url, back);
    CLAVIGER_ASSERT(back == text);
  }
  std::vector<std::byte> padded(base64_decoded_size_max(text.size()));
  if (const auto size = base64_decode(text, padded); size) {
    std::string back;
    base64_encode(Bytes(padded).first(*size), back);
    CLAVIGER_ASSERT(back == text);
  }
  std::vector<std::byte> hex(text.size() / 2);
  if (hex_decode(text, hex)) {
    std::string back;
    hex_encode(hex, back);
    for (std::size_t i = 0; i < text.size(); ++i) {
      CLAVIGER_ASSERT(back[i] == std::tolower(static_cast<unsigned char>(text[i])));
    }
  }
}

void check_bytes(std::string_view bytes) {
  std::string url;
  base64url_encode(as_bytes(bytes), url);
  std::vector<std::byte> back(bytes.size());
  CLAVIGER_ASSERT(*base64url_decode(url, back) == bytes.size() && as_text(back) == bytes);
  std::string padded;
  base64_encode(as_bytes(bytes), padded);
  CLAVIGER_ASSERT(*base64_decode(padded, back) == bytes.size() && as_text(back) == bytes);
  std::string percent;
  percent_encode(bytes, percent);
  const bool has_nul = bytes.find('\0') != std::string_view::npos;
  const auto size = percent_decode(percent, Plus::Space, back);
  CLAVIGER_ASSERT(size.has_value() != has_nul && (has_nul || as_text(back) == bytes));
}

void check_kernels(std::string_view text) {
  if (!kernels::has_avx2()) return;
  const std::uint8_t* in = as_uchar(as_bytes(text));
  std::vector<std::uint8_t> fast(text.size() * 2);
  std::vector<std::uint8_t> portable(text.size() * 2);
  const auto progress = kernels::decode_url_avx2(in, text.size(), fast.data());
  const bool valid = kernels::decode_groups(kernels::Alphabet::Url, in, progress.consumed / 4, portable.data());
  CLAVIGER_ASSERT(valid == progress.valid && (!valid || fast == portable));
  for (const kernels::Alphabet alphabet : {kernels::Alphabet::Url, kernels::Alphabet::Standard}) {
    std::fill(fast.begin(), fast.end(), std::uint8_t{0});
    std::fill(portable.begin(), portable.end(), std::uint8_t{0});
    const std::size_t done = kernels::encode_avx2(alphabet, in, text.size(), fast.data());
    kernels::encode_groups(alphabet, in, done / 3, portable.data());
    CLAVIGER_ASSERT(fast == portable);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_text(input);
  check_bytes(input);
  if (size >= 32) check_kernels(input);
  return 0;
}
