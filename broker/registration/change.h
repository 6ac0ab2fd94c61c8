// One change at a public identity: the transaction, and whose subscribers hear of it.
//
// For the procedures of this folder, at the home shard of the identity with its turn held; lives in their frame.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/registration/client_key_changes.h"
#include "broker/registration/records.h"
#include "broker/registration/registrar.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::registration {

struct Change {
  explicit Change(Registrar* its_registrar) : registrar(its_registrar), now(its_registrar->now()) {}
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  // Subscribers of the resource are told once the change is durable.
  void tell(const std::string& resource);
  // What the store says; Conflict: somebody else was first.
  runtime::Task<Result<Unit>> commit();

  Registrar* registrar;
  std::int64_t now;
  storage::Transaction transaction;
  std::vector<std::string> resources;
  ClientKeyChanges keys;
  // Of other identities, which a client left for this one; put at the commit.
  std::vector<Registration> left;
};

// How often a change is tried again when somebody else was first: servers subscribe while users register.
inline constexpr int kConflictTries = 4;

// The binding of that name; one of version 0 when there is none.
runtime::Task<Result<Binding>> read_binding(Registrar* registrar, BindingName name);

// Why a subscription ends, as its last NOTIFY says (RFC 6665 clause 4.1.3).
enum class Ending : std::uint8_t { NoResource, Rejected, Timeout, Deactivated };
constexpr std::string_view name_of(Ending ending) {
  switch (ending) {
    case Ending::NoResource:
      return "noresource";
    case Ending::Rejected:
      return "rejected";
    case Ending::Timeout:
      return "timeout";
    case Ending::Deactivated:
      return "deactivated";
  }
  return "";
}

// Ends the binding if it is this identity's, with its publication and, after the last of that user and service, the identity's
// subscriptions to it, which hear `reason_told`. `registration` and `change` outlive the task; the name is taken out of the registration, which is not put.
runtime::Task<Result<Unit>> unbind(Change* change, Registration* registration, BindingName name, EndReason reason,
                                   Ending reason_told);
// All of them.
runtime::Task<Result<Unit>> unbind_all(Change* change, Registration* registration, EndReason reason,
                                       Ending reason_told);

// What subscribers of their own state are told: nobody is there to subscribe again, but after a revocation he shall not even
// try, and when his token has expired he shall authorise again.
Ending told(EndReason reason);

// Binds the client to the identity, evicts who was on a shareable UE before, and puts the name into the registration. A client
// that was at another identity leaves that one.
// The binding is put by the caller, who may have more to write there. TooMany; CskInvalid, and ServiceNotAuthorised (the UE
// is lost), before anything is changed.
struct Bound {
  Binding binding;
  Binding former;  // version 0: there was none
};
runtime::Task<Result<Bound>> bind(Change* change, Registration* registration, Authorisation authorisation,
                                  std::string instance);

// Home of the identity, without its turn: it may ask another system (Registrar::use_admission). Its codes.
runtime::Task<Result<Unit>> check_admission(Registrar* registrar, Authorisation authorisation);

// Home of the identity, without its turn, after an authorisation was committed: whoever was on its shareable UE before it
// loses his service at other identities (ue_services.h); and whether its token had been revoked, or its UE lost or removed,
// before that, too late for the one who verified it and too early for whoever looks for its bindings
// (revocation_follower.h). The binding has ended then: ServiceNotAuthorised.
runtime::Task<Result<Unit>> look_again(Registrar* registrar, std::string impu, Authorisation authorisation);

}  // namespace claviger::registration
