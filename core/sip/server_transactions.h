// Non-INVITE server transactions of one shard (RFC 3261 clause 17.2.2): a request that comes again is not handled again.
//
// Members of EndpointShard, on its shard. Over UDP an answer is kept for Timer J and repeated; over streams a transaction
// ends with its answer. All timers are equally long: they are a queue, and one timer looks at its front.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>

#include "core/base/clock.h"
#include "core/base/siphash.h"
#include "core/sip/message.h"

namespace claviger::sip {

struct TransactionKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const TransactionKey&) const = default;
};

class ServerTransactions {
 public:
  explicit ServerTransactions(SipKey high, SipKey low) : high_(high), low_(low) {}

  // `source`: whoever repeats a request sends it from where it sent the first.
  TransactionKey key_of(const Message& request, std::string_view source, std::string_view method) const;

  struct Transaction {
    std::string response;  // empty: being handled
  };
  // Null: there is none.
  const Transaction* find(const TransactionKey& key) const;
  // False: there are kServerTransactionsMax.
  bool begin(const TransactionKey& key);
  // Keeps the response until `until`.
  void complete(const TransactionKey& key, std::string response, Monotonic until);
  void end(const TransactionKey& key) { transactions_.erase(key); }
  void expire(Monotonic now);
  // When expire() has something to do next; Monotonic::max(): never.
  Monotonic next_expiry() const { return expiries_.empty() ? Monotonic::max() : expiries_.front().due; }
  std::size_t size() const { return transactions_.size(); }

 private:
  struct Hash {
    std::size_t operator()(const TransactionKey& key) const { return key.low; }
  };
  struct Expiry {
    Monotonic due;
    TransactionKey key;
  };
  SipKey high_;
  SipKey low_;
  std::unordered_map<TransactionKey, Transaction, Hash> transactions_;
  std::deque<Expiry> expiries_;
};

}  // namespace claviger::sip
