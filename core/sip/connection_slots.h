// Who may have how many connections: a stranger takes none that a SIP core or a request of ours needs, and no source takes all.
//
// One per endpoint, shared by all shards; atomics alone. A Slot is one connection's place, given back with it. A stranger is who
// comes by TLS from an address that nobody trusts: his certificate may admit him, and until it has he is one of few.
// RFC 3261 clause 26.3.2.4.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "core/net/address.h"
#include "core/net/source_table.h"

namespace claviger::sip {

class ConnectionSlots : public std::enable_shared_from_this<ConnectionSlots> {
 public:
  enum class Kind : std::uint8_t { Outgoing, Trusted, Stranger };

  class Slot {
   public:
    Slot(std::shared_ptr<ConnectionSlots> of, Kind kind, std::size_t bucket)
        : of_(std::move(of)), bucket_(bucket), kind_(kind) {}
    Slot(Slot&&) noexcept = default;
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (of_ != nullptr) of_->give_back(kind_, bucket_);
    }
    bool is_strangers() const { return kind_ == Kind::Stranger; }
    // A stranger who has shown a certificate. False: there is no room among the trusted, and he stays one.
    bool trust();

   private:
    std::shared_ptr<ConnectionSlots> of_;  // null: moved from
    std::size_t bucket_;
    Kind kind_;
  };

  explicit ConnectionSlots(SipKey key) : accepted_(key), strange_(key) {}

  // Any thread. Nothing: there is no room for such a one.
  std::optional<Slot> take(Kind kind, const net::Address& peer);
  std::size_t used(Kind kind) const { return of_kind_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed); }
  std::size_t used() const { return used(Kind::Outgoing) + used(Kind::Trusted) + used(Kind::Stranger); }

 private:
  bool enter(Kind kind, std::size_t bucket);
  void give_back(Kind kind, std::size_t bucket);

  net::SourceTable accepted_;
  net::SourceTable strange_;
  std::array<std::atomic<std::size_t>, 3> of_kind_{};
};

}  // namespace claviger::sip
