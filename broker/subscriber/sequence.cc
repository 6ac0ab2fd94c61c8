#include "broker/subscriber/sequence.h"

#include <algorithm>

namespace claviger::subscriber {
namespace {

// The last SEQ that we give: a module whose SEQ is near the end must not be brought to it (clause C.2.1).
std::uint64_t seq_max(std::uint8_t ind_bits) { return (aka::kSequenceMax >> ind_bits) - kDelta; }

}  // namespace

std::uint8_t ind_of(std::uint8_t ind_bits, std::string_view serving_domain, std::uint8_t turn) {
  if (ind_bits == 0) return 0;
  const std::uint32_t half = 1U << (ind_bits - 1U);
  if (serving_domain.empty()) return static_cast<std::uint8_t>(turn % half);
  // FNV-1a: the same place in every process; two domains that share one lose no more than without any.
  std::uint32_t hash = 2166136261U;
  for (const char c : serving_domain) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return static_cast<std::uint8_t>(half + hash % half);
}

Result<Tick> Numbers::next(Tick now, std::uint8_t ind_bits) const {
  const Tick tick = std::max(now, last_ + 1);
  if (tick > now + SequenceClock::kAheadMax) return Error{Code::AkaThrottled, "subscriber.sequence"};
  const std::uint64_t seq = seq_of(tick);
  // An offset below zero brings no SEQ below one: it was made from a module's number.
  if (seq == 0 || seq > seq_max(ind_bits)) return Error{Code::SequenceExhausted, "subscriber.sequence"};
  return tick;
}

aka::Sequence Numbers::use(Tick tick, std::uint8_t ind_bits, std::string_view serving_domain, const aka::Rand& rand) {
  CLAVIGER_ASSERT(tick > last_);
  last_ = tick;
  const std::uint64_t seq = seq_of(tick);
  challenges_[place_] = {rand, seq};
  place_ = static_cast<std::uint8_t>((place_ + 1U) % kChallengesMax);
  if (serving_domain.empty()) ++turn_;
  return seq << ind_bits | ind_of(ind_bits, serving_domain, turn_);
}

const Numbers::Challenge* Numbers::find(const aka::Rand& rand) const {
  const auto found = std::ranges::find(challenges_, rand, &Challenge::rand);
  return found == challenges_.end() || found->seq == 0 ? nullptr : &*found;
}

Result<std::optional<std::int64_t>> Numbers::offset_for(aka::Sequence module_sequence, const aka::Rand& rand, Tick now,
                                                        std::uint8_t ind_bits) const {
  const std::uint64_t theirs = module_sequence >> ind_bits;
  if (theirs >= seq_max(ind_bits)) return Error{Code::SequenceExhausted, "subscriber.sequence"};
  const Tick tick = std::max(now, last_ + 1);
  const std::uint64_t ours = seq_of(tick);
  const auto offset = static_cast<std::int64_t>(theirs + 1 - tick);
  if (theirs >= ours) return std::optional<std::int64_t>(offset);
  const Challenge* challenge = find(rand);
  const bool is_far_behind = ours - theirs > kDelta;
  // It was shown a higher one and refused that: its own bound is tighter than the usual.
  const bool has_refused = challenge != nullptr && challenge->seq > theirs;
  if (challenge != nullptr && (is_far_behind || has_refused)) return std::optional<std::int64_t>(offset);
  return std::optional<std::int64_t>();
}

}  // namespace claviger::subscriber
