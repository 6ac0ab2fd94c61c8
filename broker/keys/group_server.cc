#include "broker/keys/group_server.h"

#include "broker/identity/client_procedures.h"
#include "broker/keys/certificate_trust.h"
#include "broker/keys/domain.h"
#include "broker/keys/kms.h"
#include "broker/keys/kms_generated.h"
#include "broker/keys/user_policy.h"
#include "broker/keys/user_procedures.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "storage/record.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr storage::RecordSchema kSchema{"group_servers", 1};

}  // namespace

std::string group_server_key(std::string_view tenant, std::string_view server_uri) {
  return broker::record_key({tenant, server_uri});
}

std::string encode_group_server(const GroupServer& server) {
  flatbuffers::FlatBufferBuilder builder(512);
  const auto client = storage::put_text(builder, server.client_id);
  const auto name = storage::put_text(builder, server.certificate_name);
  const auto ca_pem = storage::put_text(builder, server.ca_pem);
  builder.Finish(schema::CreateGroupServer(builder, kSchema.version, client, server.client_since, name,
                                           server.created_at, ca_pem));
  return storage::finished(builder);
}

Result<GroupServer> decode_group_server(const storage::Value& value, std::string_view server_uri) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::GroupServer>::open(value, kSchema, server_uri));
  GroupServer server;
  server.server_uri = server_uri;
  server.client_id = storage::text_of(record->client_id());
  server.client_since = record->client_since();
  server.certificate_name = storage::text_of(record->certificate_name());
  server.created_at = record->created_at();
  server.ca_pem = storage::text_of(record->ca_pem());
  server.version = value.version();
  return server;
}

Task<Result<GroupServer>> add_group_server(Kms* kms, Context* context, std::string tenant, GroupServer wanted) {
  CLAVIGER_CO_TRY(uri, check_uri(wanted.server_uri));
  if (!check_uri(wanted.certificate_name)) co_return Error{Code::BadValue, "certificate_name"};
  if (!wanted.ca_pem.empty() && !are_authorities(wanted.ca_pem)) co_return Error{Code::BadValue, "ca_pem"};
  auto user = co_await user_since(context, tenant, wanted.server_uri);
  if (user) co_return Error{Code::GroupServerTaken, "group_server.user"};
  if (!user.failed_with(Code::UserUnknown)) co_return user.error();
  CLAVIGER_CO_TRY(client, co_await identity::find_client(context, tenant, wanted.client_id));
  CLAVIGER_CO_TRY(all, co_await list_group_servers(context, tenant));
  if (all.size() >= kGroupServersMax) co_return Error{Code::TooMany, "group_servers"};
  wanted.client_since = client.created_at;
  wanted.created_at = numeric_date(context->shard.wall());
  const std::string key = group_server_key(tenant, wanted.server_uri);
  // Whoever is a user by this name later is not served from what was made for a user (policy_filter.h).
  kms->policies().add(user_policy_key(tenant, wanted.server_uri));
  storage::Transaction change;
  change.expect_absent(tables::kGroupServers, key);
  change.put(tables::kGroupServers, key, as_bytes(encode_group_server(wanted)));
  auto committed = co_await context->store.commit(std::move(change));
  if (committed.failed_with(Code::Conflict)) co_return Error{Code::GroupServerTaken, "group_server"};
  if (!committed) co_return committed.error();
  co_return wanted;
}

Task<Result<GroupServer>> find_group_server(Context* context, std::string tenant, std::string server_uri) {
  CLAVIGER_CO_TRY(uri, check_uri(server_uri));
  auto value = co_await context->store.get(tables::kGroupServers, group_server_key(tenant, server_uri));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::GroupServerUnknown, "group_server"};
  if (!value) co_return value.error();
  co_return decode_group_server(*value, server_uri);
}

Task<Result<Unit>> remove_group_server(Kms* kms, Context* context, std::string tenant, std::string server_uri) {
  CLAVIGER_CO_TRY(server, co_await find_group_server(context, tenant, server_uri));
  const std::string key = group_server_key(tenant, server_uri);
  storage::Transaction change;
  change.expect_version(tables::kGroupServers, key, server.version);
  change.erase(tables::kGroupServers, key);
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  kms->policies().remove(user_policy_key(tenant, server_uri));
  co_return Unit{};
}

Task<Result<std::vector<GroupServer>>> list_group_servers(Context* context, std::string tenant) {
  const std::string prefix = broker::record_prefix({tenant});
  auto rows =
      co_await context->store.range(tables::kGroupServers, prefix, broker::record_prefix_end(prefix), kGroupServersMax);
  if (!rows) co_return rows.error();
  std::vector<GroupServer> servers;
  for (const storage::Record& row : *rows) {
    CLAVIGER_CO_TRY(server, decode_group_server(row.value, std::string_view(row.key).substr(prefix.size())));
    servers.push_back(std::move(server));
  }
  co_return servers;
}

}  // namespace claviger::keys
