// One subscriber's part of a transaction: what was there against what is wanted, with the rows of his public identities.
//
// For the procedures of this room.
#pragma once

#include <optional>
#include <string>

#include "broker/subscriber/sip_database.h"
#include "broker/subscriber/subscriber_draft.h"
#include "storage/transaction.h"

namespace claviger::subscriber {

enum class Edit : std::uint8_t { Create, Change, CreateOrChange };
struct Edited {
  Subscriber subscriber;
  bool is_new = false;
  bool is_changed = true;
  bool has_new_key = false;
  ServerState former_server;  // who served him before
};
// Adds to `transaction`, which the caller commits. `draft` is the caller's and outlives the call.
runtime::Task<Result<Edited>> edit_subscriber(SipDatabase* database, std::string tenant, const SubscriberDraft* draft,
                                              Edit edit, storage::Transaction* transaction);

// SubscriberUnknown.
runtime::Task<Result<Subscriber>> read_subscriber(broker::Context* context, std::string tenant,
                                                  std::string private_identity);

}  // namespace claviger::subscriber
