// DocumentNotifier: the event package xcap-diff (RFC 5875, TS 24.484 clause 6.3.13) on the SIP endpoint of broker/registration:
// who hears that a document has changed, in NOTIFYs that say which one and never what is in it.
//
// One per process, made by Broker when [sip] is configured; outlives the Registrar's requests. Subscriptions are changed at
// the home shard of their dialog; rows of the outbox say that somebody must hear something, and what it is follows from
// the entity tags that he heard of last. So many changes become one NOTIFY, and a restart that compares once loses none.
//
//   "xcap.y." tag   tell what is owed or different     "xcap.s." tag   look whether its time is up
// Very many are told page by page, without rows (document_fan_out.h).
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "broker/configuration/configuration.h"
#include "broker/configuration/document_fan_out.h"
#include "broker/configuration/document_subscription.h"
#include "broker/configuration/generated_documents.h"
#include "broker/registration/event_package.h"
#include "broker/registration/registrar.h"
#include "storage/outbox.h"

namespace claviger::configuration {

class DocumentNotifier final : public registration::EventPackage, public storage::OutboxHandler {
 public:
  static constexpr std::string_view kEvent = "xcap-diff";
  // In front of the ids of its outbox rows.
  static constexpr std::string_view kRows = "xcap.";

  DocumentNotifier(Configuration& room, registration::Registrar& registrar);
  DocumentNotifier(const DocumentNotifier&) = delete;
  DocumentNotifier& operator=(const DocumentNotifier&) = delete;
  ~DocumentNotifier() override;

  // On shard 0, with the Registrar started: what changed while this process was down is told.
  void start();
  // On shard 0, before the outbox ends: what tells by itself tells no more, and goes on after the next start.
  void stop();

  runtime::Task<sip::Response> subscribe(const sip::Received* request, std::string identity) override;
  runtime::Task<Result<Unit>> revoked(tokens::Revocation revocation) override;
  runtime::Task<Result<Unit>> handle(storage::OutboxRow row) override;
  void gave_up(const storage::OutboxRow& row, const Error& error) override;

 private:
  struct Present {
    std::string selector;  // as it was subscribed to
    std::string etag;
  };
  using PresentState = std::map<std::string, Present>;
  struct Granted {
    std::string local_tag;
    std::int64_t seconds = 0;
    std::shared_ptr<const void> until_answered;  // holds the NOTIFY back
  };

  broker::Context& here() { return registrar_.here(); }
  const std::string& tenant() const { return registrar_.tenant(); }
  bool is_ours(const sip::Message& message) const;

  runtime::Task<Result<DocumentSubscription>> read(std::string local_tag);
  runtime::Task<Result<Granted>> create(std::shared_ptr<const DocumentSubscription> wanted, std::uint32_t expires);
  runtime::Task<Result<Granted>> refresh(std::shared_ptr<const DocumentSubscription> said, std::uint32_t expires);
  runtime::Task<Result<Granted>> put_and_tell(DocumentSubscription subscription, std::uint32_t expires);
  runtime::Task<Result<Unit>> end(std::string local_tag, tokens::Revocation revocation);
  runtime::Task<Result<Unit>> look_at(std::string local_tag, std::int64_t due);
  runtime::Task<Result<Unit>> forget(std::string local_tag);

  runtime::Task<Result<PresentState>> present_state(std::shared_ptr<const DocumentSubscription> subscription);
  static std::vector<DocumentDiff> diffs_of(const DocumentSubscription& subscription, const PresentState& present);
  runtime::Task<Result<Unit>> tell(std::string local_tag);
  runtime::Task<Result<Unit>> send(std::string local_tag);
  runtime::Task<Result<Unit>> keep_told(std::string local_tag, std::shared_ptr<const PresentState> present,
                                        std::uint32_t number);

  // Any shard: a document was written or removed.
  void changed(broker::Context& context, const std::vector<std::string>& keys);
  runtime::Task<void> tell_watchers(broker::Context* context, std::vector<std::string> paths);
  runtime::Task<void> compare_all();
  runtime::Task<Result<Unit>> compare_page(std::string* from);

  Configuration& room_;
  registration::Registrar& registrar_;
  bool is_started_ = false;                       // of shard 0: rows that come before have nowhere to go to
  std::vector<std::set<std::string>> under_way_;  // by shard: dialogs with a NOTIFY that has no answer yet
  DocumentFanOut fan_out_;
  runtime::Scope scope_;  // last: its task uses all of the above
};

}  // namespace claviger::configuration
