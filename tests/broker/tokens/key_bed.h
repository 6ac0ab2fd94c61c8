// A broker whose tenants and signing keys come from the store, as in a broker that has started: tenant "alpha".
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "broker/tenants/tenant_procedures.h"
#include "broker/tokens/issuer.h"
#include "broker/tokens/key_schedule.h"
#include "broker/tokens/signing_key_procedures.h"
#include "broker/tokens/token_routes.h"
#include "tests/broker/identity/authenticators/sealing_bed.h"

namespace claviger::tokens {

class KeyBed : public identity::SealingBed {
 public:
  explicit KeyBed(crypto::SignatureAlgorithm algorithm = crypto::SignatureAlgorithm::Es256) {
    load_ = &tenants::load_tenants;
    publish();
    add("alpha", algorithm);
  }

  void add(std::string name, crypto::SignatureAlgorithm algorithm = crypto::SignatureAlgorithm::Es256) {
    tenants::TenantDraft draft;
    draft.name = std::move(name);
    draft.algorithm = algorithm;
    const auto added = wait(tenants::add_tenant(context(), std::move(draft)));
    EXPECT_TRUE(added.has_value());
  }
  const broker::TenantView& view(std::string_view tenant = "alpha") { return context()->snapshot->tenants.find(tenant)->second; }
  std::vector<KeyInfo> keys(std::string_view tenant = "alpha") { return list_keys(view(tenant)); }
  // Empty: no key is in this state.
  std::string kid_of(KeyState state, std::string_view tenant = "alpha") {
    const auto all = keys(tenant);
    const auto found = std::ranges::find(all, state, &KeyInfo::state);
    return found == all.end() ? std::string() : found->kid;
  }
  bool publishes(const std::string& kid) { return view().keys->jwks.find("\"kid\":\"" + kid + "\"") != std::string::npos; }
  Result<std::string> token() { return wait(make_token(context())); }
  std::optional<Code> verdict(const std::string& token) {
    const auto verified = context()->tokens->verify_own(view(), token);
    return verified ? std::nullopt : std::optional(verified.error().code);
  }
  void look(KeySchedule& schedule) { wait(look_once(&schedule)); }
  void add_token_endpoints() { add_token_routes(router_, contexts_); }
  // As after a start: nothing is known but what the store has.
  void forget_shard() {
    contexts_[0]->tokens.reset();
    auto made = TokenShard::create(*context());
    EXPECT_TRUE(made.has_value());
    contexts_[0]->tokens = *std::move(made);
    context()->tokens->follow_snapshot();
  }
  void forget_snapshot() {
    auto empty = std::make_shared<broker::Snapshot>();
    empty->settings = context()->snapshot->settings;
    contexts_[0]->snapshot = std::move(empty);
  }
  void forward(Seconds by) { clock().set_wall(clock().wall() + by); }

 private:
  static runtime::Task<Result<std::string>> make_token(broker::Context* context) {
    AccessTokenClaims claims;
    claims.sub = "ann";
    claims.client_id = "app";
    claims.audiences = {"https://server.example"};
    claims.scope = "openid";
    CLAVIGER_CO_TRY(made, access_token_of(*context, *context->snapshot->find("alpha"), claims));
    auto token = co_await sign(context, std::move(made));
    co_return token;
  }
  static runtime::Task<bool> look_once(KeySchedule* schedule) {
    co_await schedule->look();
    co_return true;
  }
};

}  // namespace claviger::tokens
