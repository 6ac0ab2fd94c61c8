#include "core/net/ticket_keys.h"

#include <openssl/rand.h>

#include <algorithm>

namespace claviger::net {
namespace {

TicketKey duplicate(const TicketKey& key) {
  TicketKey copy;
  copy.name = key.name;
  copy.encryption = Secret<32>(key.encryption.reveal());
  copy.authentication = Secret<32>(key.authentication.reveal());
  return copy;
}

void fill_random(MutableBytes bytes) {
  CLAVIGER_ASSERT(RAND_bytes(as_uchar(bytes), static_cast<int>(bytes.size())) == 1);
}

}  // namespace

void TicketKeys::rotate() {
  TicketKey key;
  fill_random(key.name);
  fill_random(key.encryption.reveal_for_writing());
  fill_random(key.authentication.reveal_for_writing());
  const std::lock_guard lock(mutex_);
  keys_.push_front(std::move(key));
  if (keys_.size() > kTicketKeysMax) keys_.pop_back();
}

TicketKey TicketKeys::current() const {
  const std::lock_guard lock(mutex_);
  return duplicate(keys_.front());
}

std::optional<TicketKeys::Found> TicketKeys::find(Bytes name) const {
  const std::lock_guard lock(mutex_);
  for (const TicketKey& key : keys_) {
    if (std::ranges::equal(key.name, name)) return Found{duplicate(key), &key == &keys_.front()};
  }
  return std::nullopt;
}

}  // namespace claviger::net
