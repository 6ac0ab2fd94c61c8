#include "broker/tokens/token_shard.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <vector>

#include "broker/tokens/revocations.h"
#include "broker/tokens/verifier/claims_memory.h"
#include "core/codec/base64url.h"

namespace claviger::tokens {
namespace {

// Policies of resource servers; each is some 300 bytes. Servers are registered by operators, not by peers.
constexpr std::size_t kServerPoliciesMax = 4096;
// Expired revocations are swept this often; until then they only cost room.
constexpr Seconds kSweepEvery{1};

}  // namespace

struct TokenShard::State {
  State(broker::Context& owner, Verifier made, ClaimsMemory memory)
      : context(owner), verifier(std::move(made)), claims(std::move(memory)) {}

  broker::Context& context;
  Verifier verifier;
  ClaimsMemory claims;
  crypto::RandomPool random;
  crypto::SigningContext signing;
  pkcs11::KeyStore* key_store = nullptr;
  std::map<std::string, VerificationPolicy, std::less<>> own_policies;  // by issuer
  struct ServerPolicy {
    std::shared_ptr<const identity::Client> server;  // keeps the key's address from being used again
    VerificationPolicy policy;
  };
  std::unordered_map<const identity::Client*, ServerPolicy> server_policies;
  std::vector<runtime::Completer<Unit>> feed_waiters;
  bool is_feed_ended = false;
  std::map<std::string, std::shared_ptr<const KeySet>, std::less<>> keys;  // as the verifier has them, by issuer
  RevocationQuota quota;
  Seconds revocation_kept = kRevocationKept;
  runtime::Timer sweep{[](void* self) { static_cast<State*>(self)->sweep_now(); }, this};

  std::int64_t now() { return numeric_date(context.shard.wall()); }
  void sweep_now() {
    verifier.revocations().expire(now());
    context.shard.timers().start(sweep, context.shard.now() + kSweepEvery);
  }
};

Result<std::unique_ptr<TokenShard>> TokenShard::create(broker::Context& context) {
  VerifierOptions options;
  if (auto filled = crypto::fill_random(options.seed.reveal_for_writing()); !filled) return filled.error();
  const std::size_t shards = context.shard.shards().size();
  options.cached_tokens = (context.snapshot->settings->limits.cached_tokens_max + shards - 1) / shards;
  const std::size_t cached_tokens = options.cached_tokens;
  CLAVIGER_TRY(verifier, Verifier::create(std::move(options)));
  CLAVIGER_TRY(claims, ClaimsMemory::create(cached_tokens));
  auto state = std::make_unique<State>(context, std::move(verifier), std::move(claims));
  state->sweep_now();
  return std::unique_ptr<TokenShard>(new TokenShard(std::move(state)));
}

TokenShard::TokenShard(std::unique_ptr<State> state) : state_(std::move(state)) {}

RevocationQuota& TokenShard::revocation_quota() { return state_->quota; }
TokenShard::~TokenShard() = default;

Verifier& TokenShard::verifier() { return state_->verifier; }
crypto::RandomPool& TokenShard::random() { return state_->random; }
crypto::SigningContext& TokenShard::signing() { return state_->signing; }

pkcs11::KeyStore* TokenShard::key_store() { return state_->key_store; }
void TokenShard::use_key_store(pkcs11::KeyStore* store) { state_->key_store = store; }

Result<RandomId> TokenShard::random_id() {
  std::array<std::byte, 16> bytes{};
  CLAVIGER_TRY(filled, state_->random.fill(bytes));
  RandomId id{};
  codec::base64url_encode(bytes, std::as_writable_bytes(std::span(id)));
  return id;
}

Result<const Claims*> TokenShard::verify_own(const broker::TenantView& tenant, std::string_view token) {
  const auto policy = state_->own_policies.find(tenant.tenant.issuer);
  if (policy == state_->own_policies.end()) return Error{Code::TokenIssuer, "token.tenant"};
  Presentation presentation;
  presentation.now = state_->now();
  CLAVIGER_TRY(verified, state_->verifier.verify(token, policy->second, presentation));
  if (verified.claims != nullptr) return verified.claims;
  // Seen before, so likely to come again: no JSON is read for it from the third time on.
  if (const Claims* known = state_->claims.find(verified.digest)) return known;
  const Claims& claims = state_->verifier.decode_verified(token, verified);
  const Claims* kept = state_->claims.remember(verified.digest, claims);
  return kept != nullptr ? kept : &claims;
}

Result<Verified> TokenShard::verify_for(const broker::TenantView& tenant,
                                        const std::shared_ptr<const identity::Client>& server, std::string_view token) {
  auto found = state_->server_policies.find(server.get());
  if (found == state_->server_policies.end()) {
    if (server->audiences.empty()) return Error{Code::TokenAudience, "introspect.server"};
    PolicyOptions options;
    options.issuers = {tenant.tenant.issuer};
    options.audiences = server->audiences;
    options.ignores_binding = true;  // the holder's certificate is for the resource server to compare: it gets cnf
    CLAVIGER_TRY(policy, state_->verifier.make_policy(std::move(options)));
    if (state_->server_policies.size() >= kServerPoliciesMax) state_->server_policies.clear();
    found = state_->server_policies.emplace(server.get(), State::ServerPolicy{server, std::move(policy)}).first;
  }
  Presentation presentation;
  presentation.now = state_->now();
  return state_->verifier.verify(token, found->second.policy, presentation);
}

void TokenShard::apply(const Revocation& revocation) {
  if (!state_->verifier.revocations().apply(revocation, state_->now())) {
    // Fails closed by itself; the operator must know why tokens die early.
    state_->context.shard.logger().error("revocations.full", {{"shard", state_->context.shard.index()}});
  }
}

Seconds TokenShard::revocation_kept() const { return state_->revocation_kept; }

void TokenShard::keep_revocations(Seconds at_least) {
  state_->revocation_kept = std::max(state_->revocation_kept, at_least);
}

void TokenShard::wake_feed() {
  // Resuming runs the pollers' code: from the loop, and on a list of its own.
  auto waiters = std::make_shared<std::vector<runtime::Completer<Unit>>>();
  waiters->swap(state_->feed_waiters);
  if (waiters->empty()) return;
  state_->context.shard.defer([waiters] {
    for (runtime::Completer<Unit>& waiter : *waiters) waiter.complete(Unit{});
  });
}

Result<runtime::OneShot<Unit>> TokenShard::wait_for_feed() {
  auto& waiters = state_->feed_waiters;
  if (waiters.size() >= kFeedWaitersMax) {
    std::erase_if(waiters, [](const runtime::Completer<Unit>& waiter) { return waiter.is_abandoned(); });
    if (waiters.size() >= kFeedWaitersMax) return Error{Code::Overload, "feed.waiters"};
  }
  runtime::OneShotPair<Unit> pair;
  waiters.push_back(std::move(pair.completer));
  return std::move(pair.waiter);
}

void TokenShard::end_feed() {
  state_->is_feed_ended = true;
  wake_feed();
}

bool TokenShard::is_feed_ended() const {
  return state_->is_feed_ended;
}

void TokenShard::follow_snapshot() {
  std::map<std::string, std::shared_ptr<const KeySet>, std::less<>> wanted;
  for (const auto& [name, view] : state_->context.snapshot->tenants) {
    if (view.tenant.is_enabled) wanted.emplace(view.tenant.issuer, view.keys->verifying);
  }
  for (const auto& [issuer, keys] : state_->keys) {
    if (wanted.contains(issuer)) continue;
    state_->verifier.remove_keys(issuer);
    state_->own_policies.erase(issuer);
  }
  for (const auto& [issuer, keys] : wanted) {
    const auto had = state_->keys.find(issuer);
    if (had != state_->keys.end() && had->second == keys) continue;
    const auto set = state_->verifier.set_keys(keys);
    PolicyOptions options;
    options.issuers = {issuer};
    options.any_audience = true;
    options.ignores_binding = true;
    auto policy = state_->verifier.make_policy(std::move(options));
    if (!set || !policy) {
      state_->context.shard.logger().error("verifier.keys", {{"issuer", issuer}});
      continue;
    }
    state_->own_policies.insert_or_assign(issuer, *std::move(policy));
  }
  state_->keys = std::move(wanted);
}

}  // namespace claviger::tokens
