#include "core/sip/ongoing_requests.h"

namespace claviger::sip {

OngoingRequests::Name OngoingRequests::name_of(const Message& request, const CSeq& sequence) const {
  const std::uint64_t call_id = siphash(key_, request.value(HeaderId::CallId));
  // Who gives no From tag gives the null one (clause 12.1.1).
  const std::uint64_t from_tag = siphash(key_, request.tag(HeaderId::From));
  const std::array<std::uint64_t, 2> which{sequence.number, static_cast<std::uint64_t>(request.method())};
  return {call_id, siphash({key_.k0 ^ call_id, key_.k1 ^ from_tag}, std::as_bytes(std::span(which)))};
}

std::optional<OngoingRequests::Place> OngoingRequests::take(const Message& request, std::weak_ptr<const void> way) {
  const auto sequence = request.cseq();
  // Within a dialog there is one way, and its order is the CSeq's (clause 12.2.2).
  if (!sequence || !request.tag(HeaderId::To).empty()) return Place();
  const Name name = name_of(request, *sequence);
  const auto via = request.top_via();
  const bool is_of_3261 = via && via->has_branch_of_3261();
  const std::uint64_t branch = siphash(key_, is_of_3261 ? via->branch : request.value(HeaderId::Via));
  Stripe& stripe = stripe_of(name);
  const std::lock_guard lock(stripe.mutex);
  const auto [found, is_new] = stripe.ongoing.try_emplace(name);
  Ongoing& its = found->second;
  if (!is_new && !its.way.expired()) {
    // The same branch is the same request, which is sent again from elsewhere.
    if (its.branch == branch) return Place();
    return std::nullopt;
  }
  its = {branch, ++stripe.turns, std::move(way)};
  return Place(shared_from_this(), name, its.turn);
}

void OngoingRequests::give_back(const Name& name, std::uint64_t turn) {
  Stripe& stripe = stripe_of(name);
  const std::lock_guard lock(stripe.mutex);
  const auto found = stripe.ongoing.find(name);
  // Another may have come in its place after its way was gone.
  if (found != stripe.ongoing.end() && found->second.turn == turn) stripe.ongoing.erase(found);
}

std::size_t OngoingRequests::size() const {
  std::size_t all = 0;
  for (const Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    all += stripe.ongoing.size();
  }
  return all;
}

}  // namespace claviger::sip
