// Registrar: MC service registration over SIP of one tenant (TS 24.379, 24.281, 24.282 clause 7): the SIP endpoint, who
// handles its requests, and what is done in the background: timers, notifications, revocations.
//
// One per process, made by Broker after the Contexts when [sip] is configured. Requests are handled on the shard that
// received them and change things on the home shard of the public identity; the outbox calls it on shard 0.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/registration/answer_first.h"
#include "broker/registration/figures.h"
#include "broker/registration/records.h"
#include "broker/registration/requests.h"
#include "broker/registration/service.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "core/runtime/turns.h"
#include "core/sip/endpoint.h"
#include "storage/outbox.h"

namespace claviger::keys {
class Kms;  // broker/keys/kms.h
}

namespace claviger::registration {

class CskOpener;           // broker/registration/csk_opener.h
class EventPackage;        // broker/registration/event_package.h
class RevocationFollower;  // broker/registration/revocation_follower.h

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
  // Before start(): whether a client is served whose token is good, by the session that it is of; on the home of its public
  // identity. Users of other systems migrate here, and theirs has a say (TS 23.280 figure 10.6.3.3-1).
  // ServiceNotAuthorised: no; Overload: nobody could be asked.
  using AdmissionCheck = std::function<runtime::Task<Result<Unit>>(
      broker::Context* here, std::string tenant, std::string sid, std::string service, std::string mc_service_id)>;
  void use_admission(AdmissionCheck check) { admission_ = std::move(check); }
  const AdmissionCheck& admission() const { return admission_; }  // null: everybody is
  // Before start(): whose keys open what clients encrypt to us. It outlives this.
  void use_kms(keys::Kms& kms);
  // On shard 0, with the outbox running: `wake` tells it of rows, on shard 0. Sockets are bound when it returns.
  runtime::Task<Result<Unit>> start(std::function<void()> wake);
  // On shard 0: reads the certificates again. Nothing is changed before replace(), which gives them to connections from then
  // on. Null without TLS. What is wrong with a file.
  struct Certificates {
    std::shared_ptr<const net::TlsContext> server, client;
  };
  runtime::Task<Result<Certificates>> read();
  // The same, waiting for the disk: for who has no loop (--check-config).
  static Result<Certificates> read_files(const settings::Sip& sip);
  void replace(Certificates certificates);
  // On shard 0: nothing is received or sent any more.
  runtime::Task<void> stop();

  runtime::Task<sip::Response> handle(const sip::Received* request) override;
  runtime::Task<Result<Unit>> handle(storage::OutboxRow row) override;
  void gave_up(const storage::OutboxRow& row, const Error& error) override;

  // Any shard, for the procedures of this room: of the calling shard.
  broker::Context& here() { return *contexts_[runtime::Shard::current().index()]; }
  runtime::Turns& turns() { return per_shard_[runtime::Shard::current().index()]->turns; }
  RegistrarFigures& figures() { return per_shard_[runtime::Shard::current().index()]->figures; }
  ServiceFigures& figures_of(std::string_view service) { return figures().of(services_.index_of(service)); }
  const RegistrarFigures& figures(std::size_t shard) const { return per_shard_[shard]->figures; }
  // The verifier's policy for a service. Codes of Verifier::make_policy(); NotFound without the tenant.
  Result<const tokens::VerificationPolicy*> policy(const Service& service);
  // What the NOTIFY of a dialog brought last, so that it is not brought again.
  struct Notified {
    std::string digest;
    std::uint32_t number = 0;  // its CSeq
    bool is_under_way = false;
  };
  std::map<std::string, Notified, std::less<>>& notified() {
    return per_shard_[runtime::Shard::current().index()]->notified;
  }

  // Any shard: of the dialog's home.
  AnswerFirst& answer_first(std::string_view local_tag) {
    return *per_shard_[home_of_dialog(local_tag).index()]->answer_first;
  }
  // Tags of our own subscriptions whose SUBSCRIBE has no answer yet.
  std::set<std::string, std::less<>>& watches_under_way() {
    return per_shard_[runtime::Shard::current().index()]->watches_under_way;
  }

  runtime::Shard& home_of_identity(std::string_view impu);
  runtime::Shard& home_of_client(std::string_view client_id);
  runtime::Shard& home_of_dialog(std::string_view local_tag);
  EventPackage* package() const { return package_; }  // null: none
  const std::string& package_event() const { return package_event_; }
  const std::string& tenant() const { return sip_.tenant; }
  const settings::Sip& sip() const { return sip_; }
  const Services& services() const { return services_; }
  sip::Endpoint& endpoint() { return *endpoint_; }
  // Any shard, at any time. Null: it does not listen yet.
  const sip::Endpoint* started_endpoint() const { return started_endpoint_.load(std::memory_order_acquire); }
  const std::string& psi() const { return psi_; }          // canonical
  const std::string& contact() const { return contact_; }  // ours, in dialogs: "<sip:...>"
  const std::string& psi_domain() const { return psi_domain_; }
  // To whom clients address their keys, in the octets that they are derived from.
  const std::string& domain_security_identity() const {
    return sip_.domain_security_identity.empty() ? sip_.psi : sip_.domain_security_identity;
  }
  CskOpener* csk_opener() { return csk_opener_.get(); }  // null: no KMS
  bool is_server(std::string_view identity) const;
  std::int64_t now() { return numeric_date(here().shard.wall()); }
  // Any shard: a row was put that is due.
  void wake();

 private:
  struct PerShard {
    PerShard(runtime::Shard& shard, std::size_t services)
        : turns(shard), figures(services), answer_first(std::make_shared<AnswerFirst>(shard)) {}
    runtime::Turns turns;
    RegistrarFigures figures;
    std::map<std::string, tokens::VerificationPolicy, std::less<>> policies;  // by audience and service
    std::map<std::string, Notified, std::less<>> notified;                    // by local tag
    std::set<std::string, std::less<>> watches_under_way;
    std::shared_ptr<AnswerFirst> answer_first;
  };
  Result<sip::EndpointOptions> endpoint_options();

  Contexts& contexts_;
  settings::Sip sip_;
  Services services_;
  std::string psi_;
  std::string psi_domain_;
  std::string contact_;
  std::vector<std::string> servers_;  // canonical
  std::vector<std::unique_ptr<PerShard>> per_shard_;
  std::function<void()> wake_;
  AdmissionCheck admission_;
  std::string package_event_;
  EventPackage* package_ = nullptr;
  std::unique_ptr<sip::Endpoint> endpoint_;                       // of shard 0 until it listens
  std::atomic<const sip::Endpoint*> started_endpoint_ = nullptr;  // the same
  std::unique_ptr<RevocationFollower> follower_;
  std::unique_ptr<CskOpener> csk_opener_;
};

}  // namespace claviger::registration
