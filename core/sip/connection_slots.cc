#include "core/sip/connection_slots.h"

#include "core/sip/limits.h"

namespace claviger::sip {
namespace {

// Counted, or not when there are that many.
bool count(std::atomic<std::size_t>& counter, std::size_t most) {
  if (counter.fetch_add(1, std::memory_order_relaxed) < most) return true;
  counter.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

}  // namespace

bool ConnectionSlots::enter(Kind kind, std::size_t bucket) {
  std::atomic<std::size_t>& its = of_kind_[static_cast<std::size_t>(kind)];
  if (kind == Kind::Stranger) {
    if (!count(its, kStrangersMax)) return false;
    if (strange_.enter(bucket, kStrangersOfSourceMax)) return true;
    its.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  if (!count(its, kConnectionsMax - kConnectionsReserved)) return false;
  const bool has_room = used(Kind::Outgoing) + used(Kind::Trusted) <= kConnectionsMax;  // this one is counted
  if (has_room && (kind == Kind::Outgoing || accepted_.enter(bucket, kConnectionsOfSourceMax))) return true;
  its.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

std::optional<ConnectionSlots::Slot> ConnectionSlots::take(Kind kind, const net::Address& peer) {
  const std::size_t bucket = accepted_.bucket_of(peer.source());
  if (!enter(kind, bucket)) return std::nullopt;
  return Slot(shared_from_this(), kind, bucket);
}

void ConnectionSlots::give_back(Kind kind, std::size_t bucket) {
  if (kind == Kind::Trusted) accepted_.leave(bucket);
  if (kind == Kind::Stranger) strange_.leave(bucket);
  of_kind_[static_cast<std::size_t>(kind)].fetch_sub(1, std::memory_order_relaxed);
}

bool ConnectionSlots::Slot::trust() {
  if (!of_->enter(Kind::Trusted, bucket_)) return false;
  of_->give_back(std::exchange(kind_, Kind::Trusted), bucket_);
  return true;
}

}  // namespace claviger::sip
