// What operators do to subscribers: add, change, take away, list; and many at once.
//
// Called on any shard; a change runs at the subscriber's home under his turn. An import takes a batch where it is called,
// guards what it read, and then has every home forget what it knew of them.
//
// Codes: SubscriberUnknown, SubscriberTaken (the private identity, or a public one of another's), SubscriberInvalid,
// AkaKeyInvalid, TooLarge; Conflict; what sealing and the store say.
#pragma once

#include <string>
#include <vector>

#include "broker/subscriber/sip_database.h"
#include "broker/subscriber/subscriber_draft.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::subscriber {

runtime::Task<Result<Subscriber>> add_subscriber(SipDatabase* database, std::string tenant, SubscriberDraft draft);
// What `draft` leaves out stays as it is. A new key starts his numbers anew.
runtime::Task<Result<Subscriber>> change_subscriber(SipDatabase* database, std::string tenant, SubscriberDraft draft);
runtime::Task<Result<Subscriber>> remove_subscriber(SipDatabase* database, std::string tenant,
                                                    std::string private_identity);

// By private identity, or by a public one.
runtime::Task<Result<Subscriber>> find_subscriber(SipDatabase* database, std::string tenant, std::string identity);
struct SubscriberPage {
  std::vector<Subscriber> subscribers;
  std::string next;  // pass as `after` for the next page; empty: this was the last
};
// In order of private identity, at most `limit` (<= storage::kRangeMax).
runtime::Task<Result<SubscriberPage>> list_subscribers(broker::Context* context, std::string tenant, std::string after,
                                                       std::size_t limit);

// One request of the admin socket: 1 + 16 rows each at most.
inline constexpr std::size_t kSubscriberImportMax = 2048;

struct SubscriberImportReport {
  std::uint32_t created = 0;
  std::uint32_t updated = 0;
  std::uint32_t unchanged = 0;
  struct Refusal {
    std::size_t index = 0;  // in the batch
    Error error{Code::Internal, ""};
  };
  std::vector<Refusal> refused;
};
// Creates who is new and changes the others as change_subscriber(); the same key again is no change, so that a batch may
// be sent again. A bad draft loses no good one.
runtime::Task<Result<SubscriberImportReport>> import_subscribers(SipDatabase* database, std::string tenant,
                                                                 std::vector<SubscriberDraft> drafts);

}  // namespace claviger::subscriber
