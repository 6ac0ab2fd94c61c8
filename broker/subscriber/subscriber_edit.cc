#include "broker/subscriber/subscriber_edit.h"

#include <algorithm>

#include "broker/public_identity_rows.h"
#include "broker/tables.h"

namespace claviger::subscriber {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

bool is_same_key(const aka::SubscriberKey& left, const aka::SubscriberKey& right) {
  return left.algorithm == right.algorithm && left.key_bytes == right.key_bytes &&
         left.response_bytes == right.response_bytes && left.iterations == right.iterations &&
         equals_constant_time(left.key.reveal(), right.key.reveal()) &&
         equals_constant_time(left.operator_code.reveal(), right.operator_code.reveal());
}

// The rows by which each public identity is one subscriber's. SubscriberTaken.
Task<Result<Unit>> claim_identities(Context* context, std::string tenant, const Subscriber* before,
                                    const Subscriber* after, storage::Transaction* transaction) {
  for (const std::string& identity : before->public_identities) {
    if (!after->has(identity)) transaction->erase(tables::kPublicIdentities, public_identity_key(tenant, identity));
  }
  for (const std::string& identity : after->public_identities) {
    if (before->has(identity)) continue;
    const std::string key = public_identity_key(tenant, identity);
    auto taken = co_await context->store.get(tables::kPublicIdentities, key);
    if (taken) co_return Error{Code::SubscriberTaken, "subscriber.public_identity"};
    if (!taken.failed_with(Code::NotFound)) co_return taken.error();
    const std::string visitors = broker::visitors_identity_key(tenant, identity);
    auto bound = co_await context->store.get(tables::kBindingIdentities, visitors);
    if (bound) co_return Error{Code::SubscriberTaken, "subscriber.visitor"};
    if (!bound.failed_with(Code::NotFound)) co_return bound.error();
    transaction->expect_absent(tables::kBindingIdentities, visitors);
    transaction->expect_absent(tables::kPublicIdentities, key);
    transaction->put(tables::kPublicIdentities, key, as_bytes(after->private_identity));
  }
  co_return Unit{};
}

}  // namespace

Task<Result<Subscriber>> read_subscriber(Context* context, std::string tenant, std::string private_identity) {
  auto value = co_await context->store.get(tables::kSubscribers, subscriber_key(tenant, private_identity));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::SubscriberUnknown, "subscriber"};
  if (!value) co_return value.error();
  co_return decode_subscriber(*value, private_identity);
}

Task<Result<Edited>> edit_subscriber(SipDatabase* database, std::string tenant, const SubscriberDraft* draft, Edit edit,
                                     storage::Transaction* transaction) {
  Context* context = &database->here();
  CLAVIGER_CO_TRY(private_identity, canonical_private_identity(draft->private_identity));
  Subscriber before;
  before.private_identity = private_identity;
  auto found = co_await read_subscriber(context, tenant, private_identity);
  if (!found && !found.failed_with(Code::SubscriberUnknown)) co_return found.error();
  if (found && edit == Edit::Create) co_return Error{Code::SubscriberTaken, "subscriber.private_identity"};
  if (!found && edit == Edit::Change) co_return found.error();
  if (found) before = *std::move(found);
  const bool is_new = before.version == 0;
  CLAVIGER_CO_TRY(drafted, apply(*draft, before));
  Edited edited;
  edited.is_new = is_new;
  edited.subscriber = std::move(drafted.subscriber);
  Subscriber& wanted = edited.subscriber;
  if (is_new && !drafted.key) co_return Error{Code::AkaKeyInvalid, "subscriber.key"};
  if (drafted.key && !is_new) {
    CLAVIGER_CO_TRY(present, open_key(context->sealer, tenant, before));
    if (is_same_key(present, *drafted.key)) drafted.key.reset();
  }
  edited.has_new_key = drafted.key.has_value();
  if (drafted.key) {
    CLAVIGER_CO_TRY(sealed, seal_key(context->sealer, tenant, *drafted.key, wanted));
  }
  const std::string key = subscriber_key(tenant, private_identity);
  // His numbers go with his key; of a key that stays, the module's own word is what counts (resynchronisation).
  if (edited.has_new_key) {
    const Tick now = database->clock().now(context->shard.wall());
    wanted.sequence = SequenceState();
    if (drafted.sequence) {
      wanted.sequence.offset = static_cast<std::int64_t>((*drafted.sequence >> wanted.ind_bits) + 1 - now);
    }
  }
  // Who is disabled has no S-CSCF any more.
  edited.former_server = before.server;
  if (!wanted.is_enabled) wanted.server = ServerState();
  if (!is_new && encode_subscriber(wanted) == encode_subscriber(before)) {
    edited.is_changed = false;
    co_return edited;
  }
  const std::int64_t today = numeric_date(context->shard.wall());
  if (is_new) wanted.created_at = today;
  wanted.changed_at = today;
  const Subscriber* was = &before;
  const Subscriber* becomes = &wanted;
  CLAVIGER_CO_TRY(claimed, co_await claim_identities(context, tenant, was, becomes, transaction));
  transaction->expect_version(tables::kSubscribers, key, before.version);
  const std::string value = encode_subscriber(wanted);
  transaction->put(tables::kSubscribers, key, as_bytes(value));
  co_return edited;
}

}  // namespace claviger::subscriber
