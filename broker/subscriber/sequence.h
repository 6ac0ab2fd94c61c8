// Sequence numbers of one subscriber (TS 33.102 clause 6.3.2 and annex C): what his next SQN is, and what a call for
// resynchronisation makes of it.
//
// Part of his record (subscriber.h), written when he resynchronises. Values; the numbers of a subscriber belong to his home
// shard.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/subscriber/sequence_clock.h"
#include "core/crypto/aka/aka.h"

namespace claviger::subscriber {

// A module takes jumps of 2^28 in SEQ (TS 33.102 clause C.2.1 and its example profiles).
inline constexpr std::uint64_t kDelta = std::uint64_t{1} << 28U;

// What is persisted of it.
struct SequenceState {
  std::int64_t offset = 0;  // SEQ is the clock's tick and this; of a module that was numbered elsewhere, not 0
  aka::Sequence module_sequence = 0;  // SQN_MS when he resynchronised last
  std::int64_t resynchronised_at = 0;
  std::uint32_t resynchronisations = 0;
};

// Which part of a module's array a serving domain has for itself (clause C.1.1.2): then vectors that two domains use in
// another order than they were made in do not invalidate each other. The home domain has the lower half, in turns; each
// other its place in the upper half.
std::uint8_t ind_of(std::uint8_t ind_bits, std::string_view serving_domain, std::uint8_t turn);

class Numbers {
 public:
  explicit Numbers(std::int64_t offset) : offset_(offset) {}

  // The tick of the next vector: the clock's `now`, or one behind the last. SequenceExhausted: SEQ ends within kDelta;
  // AkaThrottled: too far ahead of the clock.
  Result<Tick> next(Tick now, std::uint8_t ind_bits) const;
  // A vector with it leaves. `rand` is remembered: only who was challenged with it can call for a lower SEQ.
  aka::Sequence use(Tick tick, std::uint8_t ind_bits, std::string_view serving_domain, const aka::Rand& rand);

  // Clause 6.3.5: what `offset` has to be so that the module accepts what is next; nothing: it does already. Raised for
  // any module that proves its number; lowered, as the module's is far behind or refused one that was higher, only by who
  // answers a challenge of late: an old AUTS that is sent again lowers nothing. SequenceExhausted.
  Result<std::optional<std::int64_t>> offset_for(aka::Sequence module_sequence, const aka::Rand& rand, Tick now,
                                                 std::uint8_t ind_bits) const;
  void set_offset(std::int64_t offset) { offset_ = offset; }
  Tick last() const { return last_; }
  std::int64_t offset() const { return offset_; }

 private:
  struct Challenge {
    aka::Rand rand{};
    std::uint64_t seq = 0;
  };
  // Challenges a UE may have before it when it answers: it retries a few times, at two cores.
  static constexpr std::size_t kChallengesMax = 4;

  std::uint64_t seq_of(Tick tick) const { return tick + static_cast<std::uint64_t>(offset_); }
  const Challenge* find(const aka::Rand& rand) const;

  std::int64_t offset_;
  Tick last_ = 0;
  std::uint8_t turn_ = 0;
  std::uint8_t place_ = 0;
  std::array<Challenge, kChallengesMax> challenges_{};
};

}  // namespace claviger::subscriber
