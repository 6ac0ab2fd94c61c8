// The inner loops of base64url.h. Only base64url.cc, hex.cc (for has_avx2()) and the tests that hold the two implementations against
// each other include this. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace claviger::codec::kernels {

enum class Alphabet : std::uint8_t { Url, Standard };

// Decodes whole groups of 4 characters to 3 bytes; false if a character is foreign. No padding here.
bool decode_groups(Alphabet alphabet, const std::uint8_t* text, std::size_t groups, std::uint8_t* out);
// The value of one character, or 0xFF.
std::uint8_t decode_character(Alphabet alphabet, std::uint8_t character);
// Encodes whole groups of 3 bytes to 4 characters.
void encode_groups(Alphabet alphabet, const std::uint8_t* bytes, std::size_t groups, std::uint8_t* out);
// Without a branch or an index on the value, which is below 64.
std::uint8_t encode_value(Alphabet alphabet, std::uint32_t value);

// The front of a base64url text in steps of 32 characters, 24 bytes. Call only where has_avx2().
bool has_avx2();
struct Progress {
  std::size_t consumed;  // a multiple of the step; the caller goes on from here
  bool valid;
};
Progress decode_url_avx2(const std::uint8_t* text, std::size_t size, std::uint8_t* out);
// The front of the bytes in steps of 24; reads 28 to be whole in its registers, so it leaves at least 4 to
// the caller.
std::size_t encode_avx2(Alphabet alphabet, const std::uint8_t* bytes, std::size_t size, std::uint8_t* out);

}  // namespace claviger::codec::kernels
