#include "broker/seal_keys/invoker.h"

#include <algorithm>
#include <functional>
#include <memory>

#include "broker/identity/val_identity.h"
#include "broker/record_key.h"
#include "broker/seal_keys/capif_core.h"
#include "broker/seal_keys/capif_generated.h"
#include "broker/tables.h"
#include "storage/page.h"
#include "storage/record.h"

namespace claviger::seal_keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr storage::RecordSchema kSchema{"capif_invokers", 1};
// An operator and the core function at one invoker at one time.
constexpr int kAttemptsMax = 4;

std::string invoker_key(std::string_view tenant, std::string_view id) {
  return broker::record_key({tenant, id, kApiName});
}

std::string encode_invoker(const Invoker& invoker) {
  flatbuffers::FlatBufferBuilder builder(512);
  const auto services = builder.CreateVectorOfStrings(invoker.services);
  const auto cause = builder.CreateString(invoker.revocation_cause);
  builder.Finish(schema::CreateInvoker(builder, kSchema.version, services, invoker.allowed_at, invoker.revoked_at,
                                       cause, invoker.invocations));
  return std::string(as_text(storage::finished_bytes(builder)));
}

Result<Invoker> decode_invoker(const storage::Value& value, std::string id) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Invoker>::open(value, kSchema, id));
  Invoker invoker;
  invoker.id = std::move(id);
  if (record->services() != nullptr) {
    for (const flatbuffers::String* service : *record->services()) invoker.services.push_back(service->str());
  }
  invoker.allowed_at = record->allowed_at();
  invoker.revoked_at = record->revoked_at();
  if (record->revocation_cause() != nullptr) invoker.revocation_cause = record->revocation_cause()->str();
  invoker.invocations = record->invocations();
  invoker.version = value.version();
  return invoker;
}

// False: leave it as it is.
using Edit = std::function<bool(Invoker& invoker, std::int64_t now)>;

Task<Result<Invoker>> change(Context* context, std::string tenant, std::string id, Edit edit) {
  if (!identity::is_val_identity(id)) co_return Error{Code::BadValue, "capif.invoker"};
  for (int attempt = 1;; ++attempt) {
    CLAVIGER_CO_TRY(invoker, co_await find_invoker(context, tenant, id));
    if (!edit(invoker, numeric_date(context->shard.wall()))) co_return invoker;
    const std::string key = invoker_key(tenant, id);
    storage::Transaction transaction;
    transaction.expect_version(tables::kCapifInvokers, key, invoker.version);
    transaction.put(tables::kCapifInvokers, key, as_bytes(encode_invoker(invoker)));
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed) {
      invoker.version = committed->sequence;
      co_return invoker;
    }
    if (!committed.failed_with(Code::Conflict) || attempt == kAttemptsMax) co_return committed.error();
  }
}

}  // namespace

bool is_revoked(const Invoker& invoker, std::optional<std::int64_t> issued_at) {
  return invoker.revoked_at != 0 && (!issued_at || *issued_at <= invoker.revoked_at);
}

Task<Result<Invoker>> find_invoker(Context* context, std::string tenant, std::string id) {
  auto value = co_await context->store.get(tables::kCapifInvokers, invoker_key(tenant, id));
  if (value.failed_with(Code::NotFound)) {
    Invoker unknown;
    unknown.id = std::move(id);
    co_return unknown;
  }
  if (!value) co_return value.error();
  co_return decode_invoker(*value, std::move(id));
}

Task<Result<Invoker>> allow_invoker(Context* context, std::string tenant, std::string id,
                                    std::vector<std::string> services) {
  const bool are_services =
      services.size() <= identity::kValServicesMax && std::ranges::all_of(services, identity::is_val_service_id);
  if (!are_services) co_return Error{Code::BadValue, "capif.val_services"};
  Edit edit = [services = std::move(services)](Invoker& invoker, std::int64_t now) {
    invoker.services = services;
    invoker.allowed_at = now;
    invoker.revoked_at = 0;
    invoker.revocation_cause.clear();
    return true;
  };
  co_return co_await change(context, std::move(tenant), std::move(id), std::move(edit));
}

Task<Result<Invoker>> revoke_invoker(Context* context, std::string tenant, std::string id, std::string cause) {
  cause.resize(std::min(cause.size(), kRevocationCauseMax));
  Edit edit = [cause = std::move(cause)](Invoker& invoker, std::int64_t now) {
    invoker.revoked_at = std::max(invoker.revoked_at, now);  // the clock may have stepped back
    invoker.revocation_cause = cause;
    return true;
  };
  co_return co_await change(context, std::move(tenant), std::move(id), std::move(edit));
}

Task<Result<bool>> count_invocation(Context* context, std::string tenant, std::string id, std::uint64_t allowed) {
  auto is_counted = std::make_shared<bool>(false);
  Edit edit = [is_counted, allowed](Invoker& invoker, std::int64_t) {
    *is_counted = invoker.invocations < allowed;
    if (*is_counted) ++invoker.invocations;
    return *is_counted;
  };
  auto changed = co_await change(context, std::move(tenant), std::move(id), std::move(edit));
  if (!changed) co_return changed.error();
  co_return *is_counted;
}

Task<Result<InvokerPage>> list_invokers(Context* context, std::string tenant, std::string after, std::size_t limit) {
  if (!after.empty() && !identity::is_val_identity(after)) co_return Error{Code::BadValue, "cursor"};
  const std::string prefix = broker::record_prefix({tenant});
  std::string from = after.empty() ? prefix : broker::record_prefix_end(broker::record_prefix({tenant, after}));
  std::string to = broker::record_prefix_end(prefix);
  auto records = co_await context->store.range(tables::kCapifInvokers, std::move(from), std::move(to), limit);
  if (!records) co_return records.error();
  InvokerPage page;
  for (const storage::Record& record : *records) {
    const std::string_view rest = std::string_view(record.key).substr(prefix.size());
    CLAVIGER_CO_TRY(invoker, decode_invoker(record.value, std::string(rest.substr(0, rest.find('\0')))));
    page.invokers.push_back(std::move(invoker));
  }
  if (storage::is_full_page(*records, limit)) page.next = page.invokers.back().id;
  co_return page;
}

}  // namespace claviger::seal_keys
