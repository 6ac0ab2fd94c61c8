// The identity room's testbed with partners: "alpha" is ours, every other system is a key that signs what a test wants
// it to say.
//
// Made once per test.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/identity/session_procedures.h"
#include "broker/partners/derived_sessions.h"
#include "broker/partners/partner_grants.h"
#include "broker/partners/partner_procedures.h"
#include "core/codec/base64url.h"
#include "core/codec/json_writer.h"
#include "core/crypto/jwk.h"
#include "core/crypto/signing_key.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::partners {

inline constexpr std::string_view kScope = "3gpp:mc:ptt_service";

// Another system's IdMS.
struct OtherSystem {
  explicit OtherSystem(std::string its_name)
      : name(std::move(its_name)), issuer("https://idms." + name + ".example/idms/v1/" + name) {
    auto generated = crypto::SigningKey::generate(crypto::SignatureAlgorithm::Es256);
    EXPECT_TRUE(generated.has_value());
    key = std::make_shared<const crypto::SigningKey>(*std::move(generated));
  }

  std::string jwks() const {
    const std::vector<crypto::Jwk> keys{{key->kid(), key->verify_key()}};
    return crypto::write_jwks(keys);
  }
  // header.payload.signature.
  std::string sign(std::string_view payload, std::string_view typ = "mcx-st+jwt", std::string_view kid = {}) const {
    std::string header;
    codec::JsonWriter json(header);
    json.begin_object().member("alg", "ES256").member("kid", kid.empty() ? std::string_view(key->kid()) : kid);
    if (!typ.empty()) json.member("typ", typ);
    json.end_object();
    std::string compact;
    codec::base64url_encode(as_bytes(header), compact);
    compact += '.';
    codec::base64url_encode(as_bytes(payload), compact);
    std::array<std::byte, 64> signature;
    crypto::SigningContext scratch;
    EXPECT_TRUE(key->sign(scratch, as_bytes(compact), signature).has_value());
    compact += '.';
    codec::base64url_encode(signature, compact);
    return compact;
  }

  std::string name;
  std::string issuer;
  std::shared_ptr<const crypto::SigningKey> key;
};

// A security token's claims; each test changes what it is about. Values are JSON text; an empty one leaves it out.
using ClaimTexts = std::map<std::string, std::string>;
inline std::string json_text(std::string_view text) { return "\"" + std::string(text) + "\""; }
inline std::string payload_of(const ClaimTexts& claims) {
  std::string text = "{";
  for (const auto& [name, value] : claims) {
    if (value.empty()) continue;
    if (text.size() > 1) text += ',';
    text += json_text(name) + ":" + value;
  }
  return text + "}";
}

class PartnerBed : public identity::Testbed {
 public:
  static constexpr std::int64_t kNow = 1'700'000'000;

  PartnerBed() {
    router_ = http::Router();
    identity::add_identity_routes(router_, contexts_, partner_grants(partners));
    EXPECT_TRUE(wait(partners.start()).has_value());
    ann = add_user();
    identity::ClientDraft draft;
    draft.client_id = "app";
    draft.redirect_uris = {std::string(identity::kRedirect)};
    draft.may_code = draft.may_exchange = draft.may_assert = true;
    app = add_client(std::move(draft)).client;
  }
  ~PartnerBed() {
    partners.stop();
    run_turns(4);  // what was deferred on behalf of its turns
  }

  PartnerDraft draft_of(const OtherSystem& system) const {
    PartnerDraft draft;
    draft.name = system.name;
    draft.issuer = system.issuer;
    draft.jwks = system.jwks();
    draft.scopes = {std::string(kScope), "3gpp:mc:ptt_group_management_service"};
    draft.outbound = Outbound::All;
    return draft;
  }
  Result<PartnerRef> add(PartnerDraft draft) { return wait(add_partner(&partners, "alpha", std::move(draft))); }
  Result<PartnerRef> enable(std::string name, bool is_enabled) {
    return wait(set_partner_enabled(&partners, "alpha", std::move(name), is_enabled));
  }
  Result<Unit> map_user(std::string partner, PartnerUserKind kind, std::string id, const identity::User& user) {
    PartnerUser mapping;
    mapping.kind = kind;
    mapping.id = std::move(id);
    mapping.sub = user.sub;
    return wait(add_partner_user(&partners, context(), "alpha", std::move(partner), std::move(mapping)));
  }

  // What `system` would say of its user "bob-sub" to us.
  ClaimTexts claims_from(const OtherSystem& system, std::string_view jti = "jti-1") const {
    return {{"iss", json_text(system.issuer)},
            {"sub", json_text("bob-sub")},
            {"aud", "[" + json_text("app") + "," + json_text(identity::kIssuer) + "]"},
            {"exp", std::to_string(kNow + 600)},
            {"iat", std::to_string(kNow)},
            {"jti", json_text(jti)},
            {"sid", json_text("sid-there")},
            {"mc_id", json_text("sip:bob@" + system.name + ".example")},
            {"mcptt_id", json_text("sip:bob.ptt@" + system.name + ".example")}};
  }
  identity::Reply token(const std::string& body) { return send(identity::post_form("/idms/v1/alpha/token", body)); }
  identity::Reply redeem(std::string_view assertion, std::string_view scope = kScope) {
    return token("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&client_id=app&assertion=" +
                 std::string(assertion) + "&scope=" + identity::escaped(scope));
  }
  identity::Reply exchange(std::string_view subject, std::string_view resource, std::string_view extra = {}) {
    return token("grant_type=urn:ietf:params:oauth:grant-type:token-exchange&client_id=app&subject_token=" +
                 std::string(subject) + "&subject_token_type=urn:ietf:params:oauth:token-type:jwt&resource=" +
                 identity::escaped(resource) + std::string(extra));
  }
  // As shard 0 sees it.
  PartnerRef known(Partners& by, std::string name) { return wait(find(&by, std::move(name))); }
  bool is_accepted(const std::string& access_token) {
    return context()->tokens->verify_own(*context()->snapshot->find("alpha"), access_token).has_value();
  }

  static runtime::Task<PartnerRef> find(Partners* by, std::string name) { co_return by->table()->find("alpha", name); }

  Partners partners{contexts_};
  identity::User ann;
  identity::Client app;
};

inline void expect_error(const identity::Reply& reply, std::uint16_t status, std::string_view error) {
  EXPECT_EQ(reply.status, status) << reply.body;
  EXPECT_EQ(reply.member("error"), error) << reply.body;
  EXPECT_EQ(reply.cache_control, "no-store");
}

}  // namespace claviger::partners
