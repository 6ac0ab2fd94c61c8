// Non-INVITE server transactions of one shard (RFC 3261 clause 17.2.2): a request that comes again is not handled again.
//
// Members of EndpointShard, on its shard. Over UDP an answer is kept for Timer J and repeated; over streams a transaction
// ends with its answer. Number and kept octets are bounded, and a source's share of them is
// while another source asks over UDP, too. All timers are equally long: they are a queue, and one timer looks at its front.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/base/clock.h"
#include "core/base/siphash.h"
#include "core/sip/limits.h"
#include "core/sip/message.h"
#include "core/sip/ongoing_requests.h"

namespace claviger::sip {

struct TransactionKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const TransactionKey&) const = default;
};

class ServerTransactions {
 public:
  // Smaller in tests.
  struct Bounds {
    std::size_t all = kServerTransactionsMax;
    std::size_t for_streams = kStreamTransactionsReserved;
    std::size_t of_source = kTransactionsOfSourceMax;
    std::size_t bytes = kKeptBytesMax;
    std::size_t bytes_of_source = kKeptBytesOfSourceMax;
  };
  explicit ServerTransactions(SipKey high, SipKey low) : ServerTransactions(high, low, Bounds()) {}
  ServerTransactions(SipKey high, SipKey low, const Bounds& bounds) : high_(high), low_(low), bounds_(bounds) {}

  // `source`: whoever repeats a request sends it from where it sent the first.
  TransactionKey key_of(const Message& request, std::string_view source, std::string_view method) const;

  struct Transaction {
    std::string response;                 // empty: being handled
    std::optional<std::uint64_t> source;  // of a datagram
    OngoingRequests::Place place;
  };
  // Null: there is none.
  const Transaction* find(const TransactionKey& key) const;
  // `datagram_of`: net::Address::source() of who sent it over UDP; nothing: it came by a stream. False: there are as many as there
  // may be, or his share is used up.
  // Nobody else has asked over UDP in the last 32 s: he has all of theirs but a 64th, for who comes next.
  bool begin(const TransactionKey& key, std::optional<std::uint64_t> datagram_of, OngoingRequests::Place place = {});
  // Keeps the response until `until`.
  void complete(const TransactionKey& key, std::string response, Monotonic until);
  // Nothing was done for the request: whoever asks again by another way, as after a 503, is heard, though the answer is kept.
  void give_up_place(const TransactionKey& key);
  void end(const TransactionKey& key);
  void expire(Monotonic now);
  // When expire() has something to do next; Monotonic::max(): never.
  Monotonic next_expiry() const { return expiries_.empty() ? Monotonic::max() : expiries_.front().due; }
  std::size_t size() const { return transactions_.size(); }
  std::size_t kept_bytes() const { return bytes_; }

 private:
  struct Hash {
    std::size_t operator()(const TransactionKey& key) const { return key.low; }
  };
  struct Expiry {
    Monotonic due;
    TransactionKey key;
  };
  struct Share {
    std::size_t transactions = 0;
    std::size_t bytes = 0;
  };
  SipKey high_;
  SipKey low_;
  Bounds bounds_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::uint64_t, Share> shares_;  // by source; of those that have transactions
  std::unordered_map<TransactionKey, Transaction, Hash> transactions_;
  std::deque<Expiry> expiries_;
};

}  // namespace claviger::sip
