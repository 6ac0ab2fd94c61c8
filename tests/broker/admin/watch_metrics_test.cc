#include "broker/admin/watch_metrics.h"

#include <gtest/gtest.h>

#include "broker/tables.h"
#include "storage/outbox_row.h"
#include "tests/broker/admin/admin_bed.h"

namespace claviger::admin {
namespace {

// What could not be told to others, whichever table it waits in; timers are nothing that waits.
TEST(AdminMetrics, CountWhatIsOwedToOthers) {
  AdminBed bed;
  const std::int64_t now = numeric_date(bed.clock().wall());
  storage::Transaction change;
  for (int i = 0; i < 200; ++i) {
    const std::string id = "n" + std::to_string(i);
    storage::put_outbox_row(change, broker::tables::kOutbox, now + 300, "timer" + id, as_bytes("x"));
    storage::put_outbox_row(change, broker::tables::kMigrationPools, now + 3600, "renewal" + id, as_bytes("x"));
    storage::put_outbox_attempt(change, broker::tables::kOutbox, {id, now + 200 + i, now - 100, 2, "payload"});
  }
  storage::put_outbox_attempt(change, broker::tables::kMigrationPools, {"m", now + 900, now - 700, 9, "payload"});
  change.put(broker::tables::kMigrationPools, "alpha/pool", as_bytes("not a row"));
  ASSERT_TRUE(bed.wait(bed.context()->store.commit(std::move(change))));
  identity::Sent sent;
  sent.target = "/metrics";
  const identity::Reply metrics = bed.send(sent);
  EXPECT_NE(metrics.body.find("claviger_outbox_waiting 201\n"), std::string::npos);
  EXPECT_NE(metrics.body.find("claviger_outbox_failing 201\n"), std::string::npos);
  EXPECT_NE(metrics.body.find("claviger_outbox_oldest_seconds 700\n"), std::string::npos);
}

}  // namespace
}  // namespace claviger::admin
