#include "core/sip/server_transactions.h"

#include "core/sip/limits.h"

namespace claviger::sip {

TransactionKey ServerTransactions::key_of(const Message& request, std::string_view source,
                                          std::string_view method) const {
  std::string text;
  text.reserve(256);
  const auto add = [&text](std::string_view part) {
    text += part;
    text += '\n';
  };
  const auto via = request.top_via();
  if (via && via->has_branch_of_3261()) {
    add(via->branch);
    add(via->host);
    add(std::to_string(via->port));
    add(method == "ACK" ? "INVITE" : method);
  } else {
    // RFC 2543: a repeated request is the same in all of these (clause 17.2.3).
    add(request.request_uri());
    add(request.tag(HeaderId::To));
    add(request.tag(HeaderId::From));
    add(request.value(HeaderId::CallId));
    add(request.value(HeaderId::CSeq));
    add(request.value(HeaderId::Via));
  }
  add(source);
  return {siphash(high_, text), siphash(low_, text)};
}

const ServerTransactions::Transaction* ServerTransactions::find(const TransactionKey& key) const {
  const auto found = transactions_.find(key);
  return found == transactions_.end() ? nullptr : &found->second;
}

bool ServerTransactions::begin(const TransactionKey& key) {
  if (transactions_.size() >= kServerTransactionsMax) return false;
  transactions_.try_emplace(key);
  return true;
}

void ServerTransactions::complete(const TransactionKey& key, std::string response, Monotonic until) {
  const auto found = transactions_.find(key);
  if (found == transactions_.end()) return;
  found->second.response = std::move(response);
  expiries_.push_back({until, key});
}

void ServerTransactions::expire(Monotonic now) {
  while (!expiries_.empty() && expiries_.front().due <= now) {
    transactions_.erase(expiries_.front().key);
    expiries_.pop_front();
  }
}

}  // namespace claviger::sip
