// NoticeDelivery: RTR and PPR on their way to S-CSCFs (TS 29.228 clauses 6.1.3, 6.6.1), as rows of an outbox.
//
// A row of tables::kServerNames is put with the change that causes it and goes when the S-CSCF has answered: a kill -9, or an
// S-CSCF that is away for some hours, loses none. Its payload:
//   payload = ( "rtr" / "ppr" ) NUL tenant NUL IMPI NUL host NUL realm *( NUL IMPU )     ; IMPUs: of an RTR
// What is told is what is true when it is told: a profile is written then, to whoever serves him then; who has come back to
// the same S-CSCF meanwhile is not thrown out of it.
//
// One per process and node, on the home shard (0) but for put() and wake().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/subscriber/server_notices.h"
#include "broker/subscriber/sip_database.h"
#include "core/diameter/node.h"
#include "core/runtime/task.h"
#include "storage/outbox.h"

namespace claviger::subscriber {

class NoticeDelivery final : public ServerNotices, public storage::OutboxHandler {
 public:
  NoticeDelivery(diameter::Node& node, SipDatabase& database) : node_(node), database_(database) {}
  NoticeDelivery(const NoticeDelivery&) = delete;
  NoticeDelivery& operator=(const NoticeDelivery&) = delete;
  ~NoticeDelivery() override;

  // On the home shard: takes up what was left undone.
  void start();
  runtime::Task<void> close();

  Result<Unit> put(storage::Transaction& change, Notice notice, const std::string& tenant, const Subscriber& subscriber,
                   const ServerState& server) override;
  void wake() override;

  runtime::Task<Result<Unit>> handle(storage::OutboxRow row) override;
  void gave_up(const storage::OutboxRow& row, const Error& error) override;

 private:
  broker::Context& home() { return *database_.contexts().front(); }
  runtime::Task<Result<Unit>> tell(Notice notice, Subscriber subscriber, ServerState server);
  Result<Slice> message(Notice notice, const Subscriber& subscriber, const ServerState& server);

  diameter::Node& node_;
  SipDatabase& database_;
  std::unique_ptr<storage::Outbox> outbox_;
};

// What a row says.
struct NoticeRow {
  Notice notice;
  std::string tenant;
  std::string private_identity;
  std::string host;
  std::string realm;
  std::vector<std::string> public_identities;
};
std::string encode_notice(const NoticeRow& row);
// Corrupt.
Result<NoticeRow> decode_notice(std::string_view payload);

}  // namespace claviger::subscriber
