// TOTP (RFC 6238) and HOTP (RFC 4226): an app on a phone, or a token with a display.
#include "broker/identity/authenticators/enrolment.h"
#include "broker/identity/authenticators/kinds.h"
#include "broker/identity/authenticators/otp_match.h"
#include "broker/identity/authenticators/sign_in_plan.h"
#include "broker/identity/identity_shard.h"
#include "core/codec/base32.h"
#include "core/codec/hex.h"
#include "core/crypto/random.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

// An hour: no token shows its code for longer.
constexpr std::uint32_t kPeriodMin = 15;
constexpr std::uint32_t kPeriodMax = 3600;
// Far from overflow with any look-ahead.
constexpr std::uint64_t kCounterMax = std::uint64_t{1} << 62U;

SecretBytes secret_text(std::string text) {
  SecretBytes secret(as_bytes(text));
  wipe(std::as_writable_bytes(std::span(text)));
  return secret;
}

Result<Unit> check_draft(const AuthenticatorDraft& draft) {
  if (draft.digits < crypto::kOtpDigitsMin || draft.digits > crypto::kOtpDigitsMax) {
    return Error{Code::AuthenticatorRefused, "authenticator.digits"};
  }
  if (draft.period_seconds < kPeriodMin || draft.period_seconds > kPeriodMax) {
    return Error{Code::AuthenticatorRefused, "authenticator.period"};
  }
  if (draft.counter > kCounterMax) return Error{Code::AuthenticatorRefused, "authenticator.counter"};
  const std::size_t seed = draft.seed.size();
  if (seed != 0 && (seed < crypto::kOtpKeyBytesMin || seed > crypto::kOtpKeyBytesMax)) {
    return Error{Code::AuthenticatorRefused, "authenticator.seed"};
  }
  return Unit{};
}

// A token without a serial number is known by its seed.
std::string serial_of(Context& context, const AuthenticatorDraft& draft) {
  if (!draft.serial.empty()) return std::string(kSerialPrefix) + draft.serial;
  if (draft.seed.empty()) return {};
  constexpr std::string_view kLabel("authenticator-seed\0", 19);
  std::string serial = "seed ";
  codec::hex_encode(context.identity->client_mac().compute(as_bytes(kLabel), draft.seed.reveal()), serial);
  return serial;
}

class OtpAuthenticator : public Authenticator {
 public:
  std::string_view acr() const override { return kAcrPasswordOtp; }
  std::string_view amr() const override { return "otp"; }
  bool could_be(std::string_view typed, const AuthenticatorRecord& record) const override {
    return is_otp(typed, record.digits);
  }
  Result<Unit> make(Context& context, const Enrollee& user, const AuthenticatorDraft& draft,
                    EnrolledAuthenticator& made) const override {
    CLAVIGER_TRY(checked, check_draft(draft));
    AuthenticatorRecord& record = made.record;
    record.serial = serial_of(context, draft);
    record.algorithm = draft.algorithm;
    record.digits = draft.digits;
    record.period_seconds = draft.period_seconds;
    record.counter = draft.counter;
    SecretBytes seed = draft.seed.duplicate();
    if (seed.empty()) {
      seed = SecretBytes(kSeedBytes);
      CLAVIGER_TRY(filled, crypto::fill_random(seed.reveal_for_writing()));
      made.otpauth_uri = secret_text(otpauth_uri(user.tenant_name, user.login, record, seed.reveal()));
    }
    return seal_secret(context, user.tenant, user.sub, seed.reveal(), record);
  }
};

class Totp final : public OtpAuthenticator {
 public:
  std::string_view kind() const override { return "totp"; }
  bool is_self_enrolled() const override { return true; }
  Offer offer(const Question& question) const override {
    const auto seed =
        offered_seed(question.context.keys.interaction, question.tenant, question.sub, question.interaction);
    AuthenticatorRecord record;
    record.kind = kind();
    Offer offer;
    offer.otpauth_uri = otpauth_uri(question.tenant_name, question.login, record, seed.reveal());
    offer.seed = codec::base32_encode(seed.reveal());
    return offer;
  }
  // The first code of the app proves that it has the seed that we showed.
  Task<Result<Judgement>> enrol(Context* context, Proof proof) const override {
    Judgement judgement;
    AuthenticatorRecord& record = proof.record;
    const std::string_view typed = as_text(proof.typed.reveal());
    if (!is_otp(typed, record.digits)) co_return judgement;
    const auto seed = offered_seed(context->keys.interaction, proof.tenant, proof.sub, proof.interaction);
    CLAVIGER_CO_TRY(match, match_totp(seed.reveal(), record, typed, numeric_date(context->shard.wall())));
    if (!match.counter) co_return judgement;
    record.counter = *match.counter;
    CLAVIGER_CO_TRY(sealed, seal_secret(*context, proof.tenant, proof.sub, seed.reveal(), record));
    judgement.is_right = true;
    judgement.record = std::move(record);
    co_return judgement;
  }
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
