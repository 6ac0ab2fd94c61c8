// Cx at the SIP database's end (TS 29.229): MAR, UAR, SAR and LIR of S-CSCFs and I-CSCFs, RTR and PPR to them
// (notice_delivery.h).
//
// One per process and node, made before the node starts, alive until the shards have ended. Requests are handled on the
// shard of their connection; a vector of a subscriber who is at hand there is answered without waiting, everything else
// runs at the subscriber's home. Whoever stands before the database (a migration management server) calls handle() for
// the identities that are not its own.
#pragma once

#include <string>

#include "broker/subscriber/notice_delivery.h"
#include "broker/subscriber/registration_procedures.h"
#include "broker/subscriber/sip_database.h"
#include "core/diameter/node.h"
#include "core/diameter/request.h"
#include "core/runtime/task.h"

namespace claviger::subscriber {

class CxService final : public diameter::Handler {
 public:
  CxService(diameter::Node& node, SipDatabase& database, std::string tenant);
  CxService(const CxService&) = delete;
  CxService& operator=(const CxService&) = delete;
  ~CxService();

  // The application, its dictionary, its commands; before the node starts.
  void serve();
  // On the home shard: begins to tell S-CSCFs what they are owed; ends it.
  void start();
  runtime::Task<void> close();
  void handle(diameter::Request& request) override;
  std::uint64_t generation() const override { return database_.generation(); }

 private:
  static runtime::Task<void> answer(CxService* service, diameter::Request request);
  runtime::Task<void> answer_multimedia_auth(diameter::Request request);
  runtime::Task<void> answer_user_authorization(diameter::Request request);
  runtime::Task<void> answer_server_assignment(diameter::Request request);
  runtime::Task<void> answer_location_info(diameter::Request request);

  diameter::Node& node_;
  SipDatabase& database_;
  std::string tenant_;
  NoticeDelivery notices_;
};

}  // namespace claviger::subscriber
