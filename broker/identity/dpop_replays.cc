#include "broker/identity/dpop_replays.h"

#include <algorithm>
#include <utility>

namespace claviger::identity {

Result<Unit> DpopReplays::remember(const Id& id, Source source, std::int64_t now) {
  // The clock was put back: what is known stays for a generation from here on, not until it has caught up.
  begun_at_ = std::min(begun_at_, now);
  if (now - begun_at_ >= kGeneration) {
    // After a long silence the older generation is of no use either.
    past_ = now - begun_at_ >= 2 * kGeneration ? decltype(past_)() : std::exchange(present_, {});
    present_.clear();
    proofs_of_.clear();
    begun_at_ = now;
  }
  if (past_.contains(id) || present_.contains(id)) return Error{Code::DpopReplayed, "dpop.jti"};
  if (present_.size() >= entries_max_) return Error{Code::Overload, "dpop.replays"};
  std::size_t& proofs = proofs_of_[source];
  const std::size_t share = std::max((entries_max_ - present_.size()) / kShareOfSource, kProofsOfSourceMin);
  if (proofs >= share) return Error{Code::Overload, "dpop.source"};
  present_.insert(id);
  ++proofs;
  return Unit{};
}

}  // namespace claviger::identity
