// A code, or whatever else is typed, that somebody else verifies (outside_verifier.h): after the password, as the other codes.
//
// Asked last, and only about what none of our own authenticators has taken: their codes are not shown to it when they are
// right. A verifier that does not answer is our failure, not a wrong code: nobody passes, and the try does not count.
#include <algorithm>

#include "broker/identity/authenticators/kinds.h"
#include "broker/identity/authenticators/outside_verifier.h"
#include "broker/identity/authenticators/sign_in_plan.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

class Outside final : public Authenticator {
 public:
  std::string_view kind() const override { return "outside"; }
  std::string_view acr() const override { return kAcrPasswordOutside; }
  std::string_view amr() const override { return "otp"; }
  bool is_remote() const override { return true; }

  // `serial`: his name there; his login when nothing is said.
  Result<Unit> make(Context&, const Enrollee& user, const AuthenticatorDraft& draft,
                    EnrolledAuthenticator& made) const override {
    if (!draft.seed.empty()) return Error{Code::AuthenticatorRefused, "authenticator.seed"};
    made.record.serial = std::string(kSerialPrefix) + (draft.serial.empty() ? user.login : draft.serial);
    return Unit{};
  }
  bool could_be(std::string_view typed, const AuthenticatorRecord&) const override {
    return !typed.empty() &&
           std::ranges::all_of(typed, [](char character) { return character > 0x20 && character < 0x7F; });
  }
  Task<Result<Judgement>> judge(Context* context, Proof proof) const override {
    VerifierQuestion question;
    question.tenant = proof.tenant;
    question.user = proof.record.serial.substr(kSerialPrefix.size());
    question.client_id = proof.interaction.client_id;
    CLAVIGER_CO_TRY(is_right, co_await ask_verifier(context, std::move(question), std::move(proof.typed)));
    Judgement judgement;
    judgement.is_right = is_right;
    judgement.record = std::move(proof.record);
    co_return judgement;
  }
};

}  // namespace

const Authenticator* outside_authenticator() {
  static const Outside kOutside;
  return &kOutside;
}

}  // namespace claviger::identity
