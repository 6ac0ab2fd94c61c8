// What changes registrations, bindings, publications and subscriptions. Each runs at the home shard that its comment names,
// holds the turn of what it changes, and commits once: durable when it returns, with the rows that tell subscribers.
#pragma once

#include <memory>
#include <string>

#include "broker/registration/registrar.h"
#include "broker/registration/requests.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::registration {

// Home of the identity. What the store says, Overload.
runtime::Task<Result<Unit>> register_identity(Registrar* registrar, std::shared_ptr<const RegisterRequest> request);

// Home of the identity. RegistrationUnknown (no active registration, or no binding: warning 141), EntityTagUnknown,
// SipHeaderMissing (a removal that does not say which), ContentUnsupported (an initial publication without settings),
// BindingDiffers (the entity tag is another's), XmlSignature and XmlEncryption (less than the publication's service wants),
// ServiceNotAuthorised (under another's key), CskInvalid (its identifier is in use), TooMany.
runtime::Task<Result<PublishOutcome>> publish(Registrar* registrar, std::shared_ptr<const PublishRequest> request);

// Any shard. ServiceNotAuthorised, TooMany.
runtime::Task<Result<SubscribeOutcome>> subscribe(Registrar* registrar,
                                                  std::shared_ptr<const SubscribeRequest> request);
// Home of the dialog. DialogUnknown, RequestSequence.
runtime::Task<Result<SubscribeOutcome>> refresh(Registrar* registrar, std::shared_ptr<const SubscribeRequest> request);

// Home of the identity: all that hangs on it ends; with an S-CSCF only what that one holds. RegistrationUnknown.
runtime::Task<Result<Unit>> end_registration(Registrar* registrar, std::string impu, EndReason reason,
                                             std::string s_cscf = {});
// Home of the identity: one client's authorisation ends. A binding that is there no more is no error.
runtime::Task<Result<Unit>> end_binding(Registrar* registrar, std::string impu, BindingName name, EndReason reason);

// Timers, from rows of the outbox; `due` is the row's: an older one than the record knows is done. Home of the identity, and
// of the dialog.
runtime::Task<Result<Unit>> look_at_registration(Registrar* registrar, std::string impu, std::int64_t due);
runtime::Task<Result<Unit>> look_at_subscription(Registrar* registrar, std::string local_tag, std::int64_t due);

// A subscription was granted to the end of its subscriber's registration, which is still in its grace: whether that was the
// end, and why, is the registration's to say. The time until it has said so; 0: it has. Any shard.
runtime::Task<Result<std::int64_t>> grace_of(Registrar* registrar, Subscription subscription, std::int64_t now);

// Reading, any shard. RegistrationUnknown, SubscriptionUnknown.
runtime::Task<Result<Registration>> read_registration(Registrar* registrar, std::string impu);
runtime::Task<Result<Subscription>> read_subscription(Registrar* registrar, std::string local_tag);
// All of a user's, ended ones among them.
runtime::Task<Result<std::vector<Binding>>> bindings_of(Registrar* registrar, std::string mc_service_id);
runtime::Task<Result<std::vector<std::string>>> subscriptions_of(Registrar* registrar, std::string mc_service_id);

}  // namespace claviger::registration
