#include "broker/identity/authenticators/authenticator.h"

namespace claviger::identity {

using broker::Context;
using runtime::Task;

Result<Unit> Authenticator::make(Context&, const Enrollee&, const AuthenticatorDraft&, EnrolledAuthenticator&) const {
  return Error{Code::AuthenticatorRefused, "authenticator.enrolment"};
}

Task<Result<Judgement>> Authenticator::enrol(Context*, Proof) const { co_return Judgement(); }

Task<Result<Judgement>> Authenticator::judge(Context*, Proof) const { co_return Judgement(); }

}  // namespace claviger::identity
