// A finger, a face or a PIN at a phone, a laptop or a security key: WebAuthn with user verification, after the password.
//
// What signs is the key; what it signs is a challenge derived from the interaction, so that nothing is kept between page and
// answer, and an answer is good for one sign-in in one browser.
#include "broker/identity/authenticators/kinds.h"
#include "broker/identity/authenticators/sign_in_plan.h"
#include "broker/identity/authenticators/webauthn.h"
#include "broker/identity/authenticators/webauthn_script.h"
#include "broker/identity/identity_shard.h"
#include "core/codec/base64url.h"
#include "core/codec/json_writer.h"
#include "core/crypto/hkdf.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

// How long the browser waits for the finger; milliseconds.
constexpr int kTimeout = 120'000;
constexpr std::size_t kUserHandleBytes = 32;

std::string joined(std::string_view purpose, std::string_view tenant, std::string_view sub) {
  std::string text(purpose);
  for (const std::string_view part : {tenant, sub}) text.append(1, '\0').append(part);
  return text;
}

// Another one for making a key than for signing with it.
std::string challenge_of(const Context& context, std::string_view purpose, std::string_view tenant,
                         std::string_view sub, const Interaction& interaction) {
  const std::string info = joined(purpose, tenant, sub);
  const auto challenge =
      crypto::derive_secret<kWebAuthnChallengeBytes>(context.keys.interaction.reveal(), interaction.id, as_bytes(info));
  std::string text;
  codec::base64url_encode(challenge.reveal(), text);
  return text;
}
constexpr std::string_view kMake = "webauthn-make";
constexpr std::string_view kSign = "webauthn-sign";

// Says nothing of the user (Web Authentication Level 2, clause 14.6.1).
std::string user_handle_of(const Context& context, std::string_view tenant, std::string_view sub) {
  const std::string info = joined("webauthn-user", tenant, sub);
  const auto handle = crypto::derive_secret<kUserHandleBytes>(context.keys.client.reveal(), {}, as_bytes(info));
  std::string text;
  codec::base64url_encode(handle.reveal(), text);
  return text;
}

class WebAuthn final : public Authenticator {
 public:
  std::string_view kind() const override { return "webauthn"; }
  std::string_view acr() const override { return kAcrPasswordWebAuthn; }
  std::string_view amr() const override { return "pop"; }
  Input input() const override { return Input::Script; }
  bool is_self_enrolled() const override { return true; }

  Offer offer(const Question& question) const override {
    const RelyingParty party = relying_party_of(question.issuer);
    Offer offer = options(question, party, kMake, [&](codec::JsonWriter<std::string>& json) {
      json.member("name", question.tenant_name).end_object();
      json.name("user").begin_object();
      json.member("id", user_handle_of(question.context, question.tenant, question.sub));
      json.member("name", question.login).member("displayName", question.login).end_object();
      json.name("algorithms").begin_array().value(-7).value(-8).value(-257).end_array();
      json.member("make", true);
    });
    return offer;
  }
  Offer ask(const Question& question) const override {
    const RelyingParty party = relying_party_of(question.issuer);
    return options(question, party, kSign, [](codec::JsonWriter<std::string>& json) { json.end_object(); });
  }

  Task<Result<Judgement>> enrol(Context* context, Proof proof) const override {
    const WebAuthnExpected expected{relying_party_of(proof.issuer),
                                    challenge_of(*context, kMake, proof.tenant, proof.sub, proof.interaction)};
    auto made = check_made(expected, as_text(proof.typed.reveal()));
    Judgement judgement;
    if (!made) {
      refused(*context, proof, made.error());
      co_return judgement;
    }
    judgement.is_right = true;
    judgement.record = std::move(proof.record);
    judgement.record.serial = std::move(made->id);
    judgement.record.public_key = std::move(made->public_key);
    judgement.record.counter = made->sign_count;
    co_return judgement;
  }

  bool could_be(std::string_view typed, const AuthenticatorRecord& record) const override {
    const auto id = credential_of(typed);
    return id && *id == record.serial;
  }
  Task<Result<Judgement>> judge(Context* context, Proof proof) const override {
    const WebAuthnExpected expected{relying_party_of(proof.issuer),
                                    challenge_of(*context, kSign, proof.tenant, proof.sub, proof.interaction)};
    const WebAuthnCredential credential{proof.record.serial, proof.record.public_key,
                                        static_cast<std::uint32_t>(proof.record.counter)};
    const std::string handle = user_handle_of(*context, proof.tenant, proof.sub);
    const auto count = check_signed(expected, credential, handle, as_text(proof.typed.reveal()));
    Judgement judgement;
    if (!count) {
      refused(*context, proof, count.error());
      co_return judgement;
    }
    judgement.is_right = true;
    judgement.record = std::move(proof.record);
    judgement.record.counter = *count;
    co_return judgement;
  }

 private:
  // "rp" is left open: what follows belongs to it.
  template <typename Rest>
  Offer options(const Question& question, const RelyingParty& party, std::string_view purpose, Rest rest) const {
    Offer offer;
    offer.script = kWebAuthnScript;
    codec::JsonWriter json(offer.options);
    json.begin_object().member("timeout", kTimeout).name("credentials").begin_array();
    for (const AuthenticatorRecord& record : question.enrolled) {
      if (record.kind == kind()) json.value(record.serial);
    }
    json.end_array().member(
        "challenge", challenge_of(question.context, purpose, question.tenant, question.sub, question.interaction));
    json.name("rp").begin_object().member("id", party.id);
    rest(json);
    json.end_object();
    return offer;
  }
  // Somebody who administers must be able to see a copied key, or a page of another site.
  static void refused(Context& context, const Proof& proof, const Error& error) {
    context.shard.logger().warning("sign_in.webauthn",
                                   {{"tenant", proof.tenant}, {"sub", proof.sub}, {"where", error.where}});
  }
};

}  // namespace

const Authenticator* webauthn_authenticator() {
  static const WebAuthn kWebAuthn;
  return &kWebAuthn;
}

}  // namespace claviger::identity
