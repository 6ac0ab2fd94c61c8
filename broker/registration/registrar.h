// Registrar: MC service registration over SIP of one tenant (TS 24.379, 24.281, 24.282 clause 7): the SIP endpoint, who
// handles its requests, and what is done in the background: timers, notifications, revocations.
//
// One per process, made by Broker after the Contexts when [sip] is configured. Requests are handled on the shard that
// received them and change things on the home shard of the public identity; the outbox calls it on shard 0.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/registration/records.h"
#include "broker/registration/requests.h"
#include "broker/registration/service.h"
#include "core/base/counter.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "core/runtime/turns.h"
#include "core/sip/endpoint.h"
#include "storage/outbox.h"

namespace claviger::registration {

class EventPackage;        // broker/registration/event_package.h
class RevocationFollower;  // broker/registration/revocation_follower.h

// Of one shard; read by any.
struct RegistrarFigures {
  Counter registered, deregistered, authorised, authorisation_refused, published, subscribed, notified, notify_failed,
      ended;
};

class Registrar final : public sip::RequestHandler, public storage::OutboxHandler {
 public:
  using Contexts = std::vector<std::unique_ptr<broker::Context>>;
  // In front of the ids of this room's outbox rows.
  static constexpr std::string_view kRows = "sip.";

  Registrar(Contexts& contexts, settings::Sip sip);
  Registrar(const Registrar&) = delete;
  Registrar& operator=(const Registrar&) = delete;
  // Stopped, or never started.
  ~Registrar() override;

  // Before start(): SUBSCRIBEs of this event package are another room's.
  void use_package(std::string event, EventPackage& package) {
    package_event_ = std::move(event);
    package_ = &package;
  }
  // On shard 0, with the outbox running: `wake` tells it of rows, on shard 0. Sockets are bound when it returns.
  runtime::Task<Result<Unit>> start(std::function<void()> wake);
  // On shard 0: nothing is received or sent any more.
  runtime::Task<void> stop();

  runtime::Task<sip::Response> handle(const sip::Received* request) override;
  runtime::Task<Result<Unit>> handle(storage::OutboxRow row) override;
  void gave_up(const storage::OutboxRow& row, const Error& error) override;

  // Any shard, for the procedures of this room: of the calling shard.
  broker::Context& here() { return *contexts_[runtime::Shard::current().index()]; }
  runtime::Turns& turns() { return per_shard_[runtime::Shard::current().index()]->turns; }
  RegistrarFigures& figures() { return per_shard_[runtime::Shard::current().index()]->figures; }
  const RegistrarFigures& figures(std::size_t shard) const { return per_shard_[shard]->figures; }
  // The verifier's policy for a service. Codes of Verifier::make_policy(); NotFound without the tenant.
  Result<const tokens::VerificationPolicy*> policy(const Service& service);
  // What the NOTIFY of a dialog brought last, so that it is not brought again.
  struct Notified {
    std::string digest;
    std::int64_t at = 0;
    bool is_under_way = false;
  };
  std::map<std::string, Notified, std::less<>>& notified() {
    return per_shard_[runtime::Shard::current().index()]->notified;
  }

  runtime::Shard& home_of_identity(std::string_view impu);
  runtime::Shard& home_of_dialog(std::string_view local_tag);
  EventPackage* package() const { return package_; }  // null: none
  const std::string& package_event() const { return package_event_; }
  const std::string& tenant() const { return sip_.tenant; }
  const settings::Sip& sip() const { return sip_; }
  const Services& services() const { return services_; }
  sip::Endpoint& endpoint() { return *endpoint_; }
  const std::string& psi() const { return psi_; }          // canonical
  const std::string& contact() const { return contact_; }  // ours, in dialogs: "<sip:...>"
  bool is_server(std::string_view identity) const;
  std::int64_t now() { return numeric_date(here().shard.wall()); }
  // Any shard: a row was put that is due.
  void wake();

 private:
  struct PerShard {
    explicit PerShard(runtime::Shard& shard) : turns(shard) {}
    runtime::Turns turns;
    RegistrarFigures figures;
    std::map<std::string, tokens::VerificationPolicy, std::less<>> policies;  // by audience and service
    std::map<std::string, Notified, std::less<>> notified;                    // by local tag
  };
  Result<sip::EndpointOptions> endpoint_options();

  Contexts& contexts_;
  settings::Sip sip_;
  Services services_;
  std::string psi_;
  std::string contact_;
  std::vector<std::string> servers_;  // canonical
  std::vector<std::unique_ptr<PerShard>> per_shard_;
  std::function<void()> wake_;
  std::string package_event_;
  EventPackage* package_ = nullptr;
  std::unique_ptr<sip::Endpoint> endpoint_;
  std::unique_ptr<RevocationFollower> follower_;
};

}  // namespace claviger::registration
