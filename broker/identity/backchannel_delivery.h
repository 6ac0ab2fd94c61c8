// Tells clients and servers that a session has ended (OIDC Back-Channel Logout): the session's own client, and every
// resource server of the tenant, each at its registered backchannel_logout_uri.
//
// One per process, on the shard it was made on, over the outbox: no procedure waits for it. Each row is tried with growing
// pauses, and again after a restart; what a server says with 2xx is done.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/identity/backchannel_rows.h"
#include "core/http/client.h"
#include "core/runtime/task.h"
#include "storage/outbox.h"

namespace claviger::identity {

// Spec 4.6: three times more, then somebody has to look; we go on trying for about an hour all the same.
inline constexpr std::uint16_t kLogoutAlarmAttempts = 4;
inline constexpr std::uint16_t kLogoutAttemptsMax = 16;

class BackchannelDelivery final : public storage::OutboxHandler {
 public:
  // Rows of another room, told by how their ids begin: the outbox is one.
  struct OtherRows {
    std::string_view prefix;  // a literal
    storage::OutboxHandler* handler;
  };
  // Begins at once.
  explicit BackchannelDelivery(broker::Context& context, std::vector<OtherRows> others = {});
  BackchannelDelivery(const BackchannelDelivery&) = delete;
  BackchannelDelivery& operator=(const BackchannelDelivery&) = delete;
  ~BackchannelDelivery() override;

  runtime::Task<void> close();
  // On its shard: somebody put a row that is due.
  void wake() { outbox_.wake(); }

  runtime::Task<Result<Unit>> handle(storage::OutboxRow row) override;
  void gave_up(const storage::OutboxRow& row, const Error& error) override;

 private:
  struct Recipient {
    std::string client_id;
    bool is_server = false;  // told of every session of the tenant
  };
  struct Recipients {
    std::int64_t read_at = 0;
    std::vector<Recipient> list;
  };

  runtime::Task<Result<Unit>> fan_out(EndedSession ended, std::int64_t since);
  runtime::Task<Result<Unit>> deliver(EndedSession ended);
  // Who may have to be told in a tenant; at least as new as `since`.
  runtime::Task<Result<std::vector<Recipient>>> recipients(std::string tenant, std::int64_t since);

  storage::OutboxHandler* other_for(const storage::OutboxRow& row) const;

  broker::Context& context_;
  std::vector<OtherRows> others_;
  http::Client client_;
  std::map<std::string, Recipients> known_;  // by tenant; as many as there are tenants
  storage::Outbox outbox_;                   // last: its tasks use all of the above
};

}  // namespace claviger::identity
