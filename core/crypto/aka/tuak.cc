#include "core/crypto/aka/tuak.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace claviger::aka {
namespace {

constexpr std::array<std::uint64_t, 24> kRoundConstants{
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};
// rho and pi in one walk over the lanes (FIPS 202 clauses 3.2.2, 3.2.3).
constexpr std::array<int, 24> kRotations{1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                         27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
constexpr std::array<std::size_t, 24> kPositions{10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                                 15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};

// Where the fields stand in the state (TS 35.231 clause 6): each with its octets reversed.
constexpr std::size_t kInstanceAt = 32;
constexpr std::size_t kNameAt = 33;
constexpr std::size_t kRandAt = 40;
constexpr std::size_t kAmfAt = 56;
constexpr std::size_t kSequenceAt = 58;
constexpr std::size_t kKeyAt = 64;
constexpr std::size_t kPadAt = 96;
constexpr std::size_t kEndAt = 135;
constexpr std::size_t kStateBytes = 200;
constexpr std::string_view kName = "TUAK1.0";

struct State {
  std::array<std::byte, kStateBytes> bytes{};
  ~State() { wipe(bytes); }

  void put(std::size_t at, Bytes field) {
    std::ranges::reverse_copy(field, bytes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  void take(std::size_t at, MutableBytes out) const {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = bytes[at + out.size() - 1 - i];
  }
  void permute(std::uint8_t iterations) {
    // Lanes are little-endian (FIPS 202 clause 3.1.2), as this processor's words are.
    static_assert(std::endian::native == std::endian::little);
    std::array<std::uint64_t, 25> lanes;
    std::memcpy(lanes.data(), bytes.data(), kStateBytes);
    for (std::uint8_t i = 0; i < iterations; ++i) keccak_f1600(lanes);
    std::memcpy(bytes.data(), lanes.data(), kStateBytes);
    wipe(std::as_writable_bytes(std::span(lanes)));
  }
};

// `sequence` and `amf` null: those fields are zero.
struct Fields {
  Bytes top;
  std::uint8_t instance;
  Bytes key;
  const Rand* rand = nullptr;
  const Sequence* sequence = nullptr;
  Amf amf{};
};

void run(State& state, const Fields& fields, std::uint8_t iterations) {
  state.put(0, fields.top);
  state.bytes[kInstanceAt] = static_cast<std::byte>(fields.instance | (fields.key.size() == 32 ? 1U : 0U));
  state.put(kNameAt, as_bytes(kName));
  if (fields.rand != nullptr) state.put(kRandAt, *fields.rand);
  if (fields.sequence != nullptr) {
    state.put(kAmfAt, fields.amf);
    std::array<std::byte, 8> sequence;
    store_be(sequence, *fields.sequence);
    state.put(kSequenceAt, Bytes(sequence).subspan(2));
  }
  state.put(kKeyAt, fields.key);
  state.bytes[kPadAt] = std::byte{0x1F};
  state.bytes[kEndAt] = std::byte{0x80};
  state.permute(iterations);
}

// 8, 16, 32 octets; and 4 where responses are meant.
std::uint8_t length_bits(std::uint8_t bytes) { return bytes == 8 ? 0x08 : bytes == 16 ? 0x10 : bytes == 32 ? 0x20 : 0; }

}  // namespace

// Unrolled: indexes and rotations are constants then, and the state stays in registers.
void keccak_f1600(std::span<std::uint64_t, 25> lanes) {
  std::array<std::uint64_t, 25> a;
  std::ranges::copy(lanes, a.begin());
  for (const std::uint64_t constant : kRoundConstants) {
    std::array<std::uint64_t, 5> column;
#pragma GCC unroll 5
    for (std::size_t x = 0; x < 5; ++x) column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
#pragma GCC unroll 5
    for (std::size_t x = 0; x < 5; ++x) {
      const std::uint64_t mix = column[(x + 4) % 5] ^ std::rotl(column[(x + 1) % 5], 1);
#pragma GCC unroll 5
      for (std::size_t y = 0; y < 25; y += 5) a[y + x] ^= mix;
    }
    std::uint64_t moved = a[1];
#pragma GCC unroll 24
    for (std::size_t i = 0; i < 24; ++i) {
      const std::uint64_t next = a[kPositions[i]];
      a[kPositions[i]] = std::rotl(moved, kRotations[i]);
      moved = next;
    }
#pragma GCC unroll 5
    for (std::size_t y = 0; y < 25; y += 5) {
      const std::array<std::uint64_t, 5> row{a[y], a[y + 1], a[y + 2], a[y + 3], a[y + 4]};
#pragma GCC unroll 5
      for (std::size_t x = 0; x < 5; ++x) a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
    a[0] ^= constant;
  }
  std::ranges::copy(a, lanes.begin());
  wipe(std::as_writable_bytes(std::span(a)));
}

Tuak::Tuak(Bytes key, std::span<const std::byte, 32> topc, TuakShape shape) : topc_(topc), shape_(shape) {
  CLAVIGER_ASSERT(key.size() == shape.key_bytes && (key.size() == 16 || key.size() == 32));
  CLAVIGER_ASSERT(shape.iterations >= 1 && shape.iterations <= kTuakIterationsMax);
  std::ranges::copy(key, key_.reveal_for_writing().begin());
}
Tuak::~Tuak() = default;
Tuak::Outputs::~Outputs() {
  wipe(response);
  wipe(cipher_key);
  wipe(integrity_key);
  wipe(anonymity_key);
}

Secret<32> Tuak::topc(Bytes key, std::span<const std::byte, 32> top, std::uint8_t iterations) {
  CLAVIGER_ASSERT(key.size() == 16 || key.size() == 32);
  State state;
  run(state, {top, 0x00, key, nullptr, nullptr, {}}, iterations);
  Secret<32> topc;
  state.take(0, topc.reveal_for_writing());
  return topc;
}

Tuak::Output Tuak::f1(const Rand& rand, Sequence sequence, Amf amf) const {
  State state;
  run(state,
      {topc_.reveal(), length_bits(shape_.mac_bytes), key_.reveal().first(shape_.key_bytes), &rand, &sequence, amf},
      shape_.iterations);
  Output mac{};
  state.take(0, MutableBytes(mac).first(shape_.mac_bytes));
  return mac;
}

Tuak::Output Tuak::f1_star(const Rand& rand, Sequence sequence, Amf amf) const {
  State state;
  const auto instance = static_cast<std::uint8_t>(0x80U | length_bits(shape_.mac_bytes));
  run(state, {topc_.reveal(), instance, key_.reveal().first(shape_.key_bytes), &rand, &sequence, amf},
      shape_.iterations);
  Output mac{};
  state.take(0, MutableBytes(mac).first(shape_.mac_bytes));
  return mac;
}

Tuak::Outputs Tuak::f2345(const Rand& rand) const {
  State state;
  const auto instance =
      static_cast<std::uint8_t>(0x40U | length_bits(shape_.response_bytes) | (shape_.cipher_key_bytes == 32 ? 4U : 0U) |
                                (shape_.integrity_key_bytes == 32 ? 2U : 0U));
  run(state, {topc_.reveal(), instance, key_.reveal().first(shape_.key_bytes), &rand, nullptr, {}}, shape_.iterations);
  Outputs outputs{};
  state.take(0, MutableBytes(outputs.response).first(shape_.response_bytes));
  state.take(32, MutableBytes(outputs.cipher_key).first(shape_.cipher_key_bytes));
  state.take(64, MutableBytes(outputs.integrity_key).first(shape_.integrity_key_bytes));
  state.take(96, outputs.anonymity_key);
  return outputs;
}

std::array<std::byte, 6> Tuak::f5_star(const Rand& rand) const {
  State state;
  run(state, {topc_.reveal(), 0xC0, key_.reveal().first(shape_.key_bytes), &rand, nullptr, {}}, shape_.iterations);
  std::array<std::byte, 6> key;
  state.take(96, key);
  return key;
}

}  // namespace claviger::aka
