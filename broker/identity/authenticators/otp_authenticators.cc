// TOTP (RFC 6238) and HOTP (RFC 4226): an app on a phone, or a token with a display.
#include "broker/identity/authenticators/kinds.h"
#include "broker/identity/authenticators/otp_match.h"
#include "broker/identity/authenticators/sign_in_plan.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

class OtpAuthenticator : public Authenticator {
 public:
  std::string_view acr() const override { return kAcrPasswordOtp; }
  std::string_view amr() const override { return "otp"; }
  bool could_be(std::string_view typed, const AuthenticatorRecord& record) const override {
    return is_otp(typed, record.digits);
  }
};

class Totp final : public OtpAuthenticator {
 public:
  std::string_view kind() const override { return "totp"; }
  bool is_self_enrolled() const override { return true; }
  Task<Result<Judgement>> judge(Context* context, Proof proof) const override {
    CLAVIGER_CO_TRY(key, open_secret(*context, proof.tenant, proof.sub, proof.record));
    const std::string_view typed = as_text(proof.typed.reveal());
    CLAVIGER_CO_TRY(match, match_totp(key.reveal(), proof.record, typed, numeric_date(context->shard.wall())));
    Judgement judgement;
    judgement.is_right = match.counter.has_value();
    judgement.is_replay = match.is_replay;
    judgement.record = std::move(proof.record);
    if (match.counter) judgement.record.counter = *match.counter;
    co_return judgement;
  }
};

class Hotp final : public OtpAuthenticator {
 public:
  std::string_view kind() const override { return "hotp"; }
  Task<Result<Judgement>> judge(Context* context, Proof proof) const override {
    CLAVIGER_CO_TRY(key, open_secret(*context, proof.tenant, proof.sub, proof.record));
    CLAVIGER_CO_TRY(match, match_hotp(key.reveal(), proof.record, as_text(proof.typed.reveal())));
    Judgement judgement;
    judgement.is_right = match.counter.has_value();
    judgement.record = std::move(proof.record);
    if (match.counter) judgement.record.counter = *match.counter + 1;
    co_return judgement;
  }
};

}  // namespace

const Authenticator* totp_authenticator() {
  static const Totp kTotp;
  return &kTotp;
}
const Authenticator* hotp_authenticator() {
  static const Hotp kHotp;
  return &kHotp;
}

}  // namespace claviger::identity
