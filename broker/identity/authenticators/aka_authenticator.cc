// A user's subscriber module, in the place of his password (spec 3.4, row "direct AKA"): aka_sign_in.h has the way.
#include "broker/identity/authenticators/aka_sign_in.h"
#include "broker/identity/authenticators/kinds.h"

namespace claviger::identity {
namespace {

using broker::Context;

class SubscriberModule final : public Authenticator {
 public:
  std::string_view kind() const override { return kAkaKind; }
  std::string_view acr() const override { return kAcrAka; }
  std::string_view amr() const override { return "sc"; }
  // Not what the TLS connection proves (proved_by() is empty), but what the HTTP request does without a page.
  Input input() const override { return Input::Connection; }

  Result<Unit> make(Context&, const Enrollee&, const AuthenticatorDraft& draft,
                    EnrolledAuthenticator& made) const override {
    if (!draft.seed.empty() || !draft.certificate.empty()) {
      return Error{Code::AuthenticatorRefused, "authenticator.seed"};
    }
    const auto impi = canonical_impi(draft.serial);
    if (!impi) return Error{Code::AuthenticatorRefused, "authenticator.serial"};
    made.record.serial = std::string(kSerialPrefix) + *impi;
    return Unit{};
  }
};

}  // namespace

const Authenticator* aka_authenticator() {
  static const SubscriberModule kModule;
  return &kModule;
}

}  // namespace claviger::identity
