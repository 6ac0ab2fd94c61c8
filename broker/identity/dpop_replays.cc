#include "broker/identity/dpop_replays.h"

#include <utility>

namespace claviger::identity {

Result<Unit> DpopReplays::remember(const Id& id, std::int64_t now) {
  if (now - begun_at_ >= kGeneration) {
    // After a long silence the older generation is of no use either.
    past_ = now - begun_at_ >= 2 * kGeneration ? decltype(past_)() : std::exchange(present_, {});
    present_.clear();
    begun_at_ = now;
  }
  if (past_.contains(id) || present_.contains(id)) return Error{Code::DpopReplayed, "dpop.jti"};
  if (present_.size() >= entries_max_) return Error{Code::Overload, "dpop.replays"};
  present_.insert(id);
  return Unit{};
}

}  // namespace claviger::identity
