#include "broker/identity/identity_shard.h"

#include "broker/identity/dpop_check.h"
#include "broker/identity/sign_in_throttle.h"
#include "core/crypto/fresh_value.h"
#include "core/crypto/hkdf.h"

namespace claviger::identity {

struct IdentityShard::State {
  explicit State(broker::Context& context)
      : clients(context),
        turns(context.shard),
        throttle(crypto::fresh_value<SipKey>(), context.shard.shards().size()),
        second_factor_throttle(crypto::fresh_value<SipKey>(), context.shard.shards().size()),
        refresh_mac(context.keys.refresh.reveal()),
        client_mac(context.keys.client.reveal()),
        subject_mac(crypto::derive_secret<32>(context.keys.client.reveal(), {}, as_bytes("pairwise subject")).reveal()),
        dpop(context) {}
  ClientAuthenticator clients;
  runtime::Turns turns;
  SignInThrottle throttle;
  SignInThrottle second_factor_throttle;
  crypto::HmacSha256 refresh_mac;
  crypto::HmacSha256 client_mac;
  crypto::HmacSha256 subject_mac;
  DpopShard dpop;
  std::uint32_t outside_calls = 0;
};

IdentityShard::IdentityShard(broker::Context& context) : state_(std::make_unique<State>(context)) {}
IdentityShard::~IdentityShard() = default;

ClientAuthenticator& IdentityShard::clients() { return state_->clients; }
runtime::Turns& IdentityShard::turns() { return state_->turns; }
SignInThrottle& IdentityShard::throttle() { return state_->throttle; }
SignInThrottle& IdentityShard::second_factor_throttle() { return state_->second_factor_throttle; }
const crypto::HmacSha256& IdentityShard::refresh_mac() const { return state_->refresh_mac; }
const crypto::HmacSha256& IdentityShard::client_mac() const { return state_->client_mac; }
const crypto::HmacSha256& IdentityShard::subject_mac() const { return state_->subject_mac; }
DpopShard& IdentityShard::dpop() { return state_->dpop; }
std::uint32_t& IdentityShard::outside_calls() { return state_->outside_calls; }

std::string home_name(std::string_view kind, std::string_view tenant, std::string_view id) {
  std::string name;
  name.reserve(kind.size() + tenant.size() + id.size() + 2);
  name.append(kind).append(1, '/').append(tenant).append(1, '/').append(id);
  return name;
}

}  // namespace claviger::identity
