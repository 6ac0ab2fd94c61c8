// Requests outside of dialogs whose transactions go on. One that comes again by another way, as the branches of a forking proxy
// do, is known by its From tag, Call-ID and CSeq: it is merged, and must not be handled a second time (RFC 3261 clause 8.2.2.2).
//
// One per endpoint, shared by all shards: branches come over connections of different shards. A Place is one request's, given
// back with it, so that there are never more of them than transactions. Hashes under a key of ours alone are kept.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/base/siphash.h"
#include "core/sip/message.h"

namespace claviger::sip {

class OngoingRequests : public std::enable_shared_from_this<OngoingRequests> {
  // Of keyed hashes: peers choose what they are made of.
  struct Name {
    std::uint64_t call_id = 0;
    std::uint64_t all = 0;  // Call-ID, From tag, number and method
    bool operator==(const Name&) const = default;
  };

 public:
  class Place {
   public:
    // Of a request that needs none.
    Place() = default;
    Place(std::shared_ptr<OngoingRequests> of, const Name& name, std::uint64_t turn)
        : of_(std::move(of)), name_(name), turn_(turn) {}
    Place(Place&&) noexcept = default;
    Place& operator=(Place&& other) noexcept {
      Place given(std::move(other));
      std::swap(of_, given.of_);
      std::swap(name_, given.name_);
      std::swap(turn_, given.turn_);
      return *this;
    }
    ~Place() {
      if (of_ != nullptr) of_->give_back(name_, turn_);
    }

   private:
    std::shared_ptr<OngoingRequests> of_;  // null: there is none, or it was moved
    Name name_;
    std::uint64_t turn_ = 0;
  };

  explicit OngoingRequests(SipKey key) : key_(key) {}

  // Any thread, of a request that passed check_request(). `way`: lives as long as an answer can go back where it came from.
  // Nothing: it is merged with another, whose answer can still be sent and which came under another branch.
  std::optional<Place> take(const Message& request, std::weak_ptr<const void> way);
  std::size_t size() const;

 private:
  struct Ongoing {
    std::uint64_t branch = 0;
    std::uint64_t turn = 0;
    std::weak_ptr<const void> way;
  };
  struct Hash {
    std::size_t operator()(const Name& name) const { return name.all; }
  };
  // Shards seldom meet in one of so many.
  static constexpr std::size_t kStripes = 64;
  struct Stripe {
    mutable std::mutex mutex;
    std::unordered_map<Name, Ongoing, Hash> ongoing;
    std::uint64_t turns = 0;
  };
  Stripe& stripe_of(const Name& name) { return stripes_[name.call_id % kStripes]; }
  Name name_of(const Message& request, const CSeq& sequence) const;
  void give_back(const Name& name, std::uint64_t turn);

  SipKey key_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace claviger::sip
