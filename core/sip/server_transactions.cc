#include "core/sip/server_transactions.h"

namespace claviger::sip {

namespace {

constexpr std::size_t all_but_a_64th(std::size_t bound) { return bound - (bound + 63) / 64; }

}  // namespace

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

bool ServerTransactions::begin(const TransactionKey& key, std::optional<std::uint64_t> datagram_of,
                               OngoingRequests::Place place) {
  if (transactions_.size() >= bounds_.all) return false;
  if (datagram_of) {
    if (transactions_.size() + bounds_.for_streams >= bounds_.all || bytes_ >= bounds_.bytes) return false;
    const auto known = shares_.find(*datagram_of);
    const bool is_alone = known != shares_.end() && shares_.size() == 1;
    const std::size_t for_datagrams = bounds_.all - bounds_.for_streams;
    const std::size_t most = is_alone ? all_but_a_64th(for_datagrams) : bounds_.of_source;
    const std::size_t most_bytes = is_alone ? all_but_a_64th(bounds_.bytes) : bounds_.bytes_of_source;
    const Share its = known == shares_.end() ? Share() : known->second;
    if (its.transactions >= most || its.bytes >= most_bytes) return false;
  }
  const auto [made, is_new] = transactions_.try_emplace(key);
  if (!is_new) return true;
  made->second.source = datagram_of;
  made->second.place = std::move(place);
  if (datagram_of) ++shares_[*datagram_of].transactions;
  return true;
}

void ServerTransactions::complete(const TransactionKey& key, std::string response, Monotonic until) {
  const auto found = transactions_.find(key);
  if (found == transactions_.end()) return;
  Transaction& its = found->second;
  its.response = std::move(response);
  if (its.source) {
    bytes_ += its.response.size();
    shares_[*its.source].bytes += its.response.size();
  }
  expiries_.push_back({until, key});
}

void ServerTransactions::give_up_place(const TransactionKey& key) {
  const auto found = transactions_.find(key);
  if (found != transactions_.end()) found->second.place = {};
}

void ServerTransactions::end(const TransactionKey& key) {
  const auto found = transactions_.find(key);
  if (found == transactions_.end()) return;
  const Transaction& its = found->second;
  if (its.source) {
    const auto share = shares_.find(*its.source);
    bytes_ -= its.response.size();
    share->second.bytes -= its.response.size();
    if (--share->second.transactions == 0) shares_.erase(share);
  }
  transactions_.erase(found);
}

void ServerTransactions::expire(Monotonic now) {
  while (!expiries_.empty() && expiries_.front().due <= now) {
    end(expiries_.front().key);
    expiries_.pop_front();
  }
}

}  // namespace claviger::sip
