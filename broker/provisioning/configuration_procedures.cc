#include "broker/provisioning/configuration_procedures.h"

#include <algorithm>
#include <functional>

#include "broker/identity/identity_shard.h"
#include "broker/provisioning/identity_rows.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"
#include "core/runtime/call.h"

namespace claviger::provisioning {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

std::string home_of(std::string_view tenant, const ValServer& server) {
  return identity::home_name("val-server", tenant, server.id);
}

Result<Unit> check_server(const ValServer& server, std::string_view val_server_id) {
  if (val_server_id != server.id) return Error{Code::ConfigurationOfAnother, "valServerId"};
  return Unit{};
}

// TS 23.434 clause 12.3.4: "authorised by credentials and service agreement".
Result<Unit> check_agreement(const ValServer& server, const std::vector<ValService>& services) {
  for (const ValService& service : services) {
    if (std::ranges::find(server.services, service.id) == server.services.end()) {
      return Error{Code::AgreementExceeded, "valServiceId"};
    }
  }
  return Unit{};
}

Task<Result<Configuration>> read_configuration(Context* context, std::string tenant, std::string id) {
  if (id.empty() || id.find('\0') != std::string::npos || id.front() == '/') {
    co_return Error{Code::ConfigurationUnknown, "confId"};
  }
  auto value = co_await context->store.get(tables::kValConfigurations, configuration_key(tenant, id));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::ConfigurationUnknown, "confId"};
  if (!value) co_return value.error();
  co_return decode_configuration(*value, id);
}

Task<Result<std::vector<std::string>>> ids_of(Context* context, std::string tenant, std::string server_id) {
  const std::string prefix = server_prefix(tenant, server_id);
  CLAVIGER_CO_TRY(rows, co_await context->store.range(tables::kValConfigurations, prefix,
                                                      broker::record_prefix_end(prefix), kConfigurationsMax));
  std::vector<std::string> ids;
  for (const storage::Record& row : rows) ids.push_back(row.key.substr(prefix.size()));
  co_return ids;
}

std::string index_key(std::string_view tenant, const Configuration& configuration) {
  return server_prefix(tenant, configuration.val_server_id) + configuration.id;
}

Task<Result<Configuration>> commit(Context* context, storage::Transaction transaction, Configuration changed) {
  if (transaction.is_too_large()) co_return Error{Code::TooLarge, "valSvcConf"};
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  changed.version = committed.sequence;
  co_return changed;
}

Task<Result<Configuration>> create_at_home(Context* context, std::string tenant, ValServer server, ConfigurationBody body) {
  auto turn = co_await context->identity->turns().take(home_of(tenant, server));
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(others, co_await ids_of(context, tenant, server.id));
  if (others.size() >= kConfigurationsMax) co_return Error{Code::AgreementExceeded, "configurations"};
  CLAVIGER_CO_TRY(id, context->tokens->random_id());
  Configuration made;
  made.id.assign(id.data(), id.size());
  made.val_server_id = server.id;
  made.services = std::move(body.services);
  made.created_at = made.changed_at = numeric_date(context->shard.wall());
  storage::Transaction transaction;
  const std::string key = configuration_key(tenant, made.id);
  transaction.expect_absent(tables::kValConfigurations, key);
  transaction.put(tables::kValConfigurations, key, as_bytes(encode_configuration(made)));
  transaction.put(tables::kValConfigurations, index_key(tenant, made), {});
  const Memberships nothing;
  change_rows(transaction, {tenant, server.id, made.id}, nothing, memberships_of(made));
  auto done = co_await commit(context, std::move(transaction), std::move(made));
  co_return done;
}

// What a change makes of the present record; nothing: it goes.
using Edit = std::function<Result<std::optional<Configuration>>(Configuration)>;

Task<Result<Configuration>> change_at_home(Context* context, std::string tenant, ValServer server, std::string id, Edit edit,
                                     IfVersion if_version) {
  auto turn = co_await context->identity->turns().take(home_of(tenant, server));
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(present, co_await read_configuration(context, tenant, id));
  CLAVIGER_CO_TRY(own, check_server(server, present.val_server_id));
  if (if_version && *if_version != present.version) co_return Error{Code::Conflict, "provisioning.if-match"};
  const std::string key = configuration_key(tenant, id);
  storage::Transaction transaction;
  transaction.expect_version(tables::kValConfigurations, key, present.version);
  const Memberships before = memberships_of(present);
  const std::string index = index_key(tenant, present);
  Configuration changed = present;
  CLAVIGER_CO_TRY(after, edit(std::move(present)));
  Memberships remaining;
  if (after) {
    after->changed_at = numeric_date(context->shard.wall());
    remaining = memberships_of(*after);
    transaction.put(tables::kValConfigurations, key, as_bytes(encode_configuration(*after)));
    changed = *std::move(after);
  } else {
    transaction.erase(tables::kValConfigurations, key);
    transaction.erase(tables::kValConfigurations, index);
  }
  change_rows(transaction, {tenant, server.id, id}, before, remaining);
  auto done = co_await commit(context, std::move(transaction), std::move(changed));
  co_return done;
}

Task<Result<Configuration>> change(Context* context, std::string tenant, ValServer server, std::string id, Edit edit,
                             IfVersion if_version) {
  runtime::Shard* home = &context->home_of(home_of(tenant, server));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), server = std::move(server), id = std::move(id),
                edit = std::move(edit), if_version] { return change_at_home(there, tenant, server, id, edit, if_version); };
  auto changed = co_await runtime::call_on(home, std::move(start));
  co_return changed;
}

}  // namespace

Task<Result<Configuration>> create_configuration(Context* context, std::string tenant, ValServer server, ConfigurationBody body) {
  CLAVIGER_CO_TRY(own, check_server(server, body.val_server_id));
  CLAVIGER_CO_TRY(agreed, check_agreement(server, body.services));
  runtime::Shard* home = &context->home_of(home_of(tenant, server));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), server = std::move(server), body = std::move(body)] {
    return create_at_home(there, tenant, server, body);
  };
  auto created = co_await runtime::call_on(home, std::move(start));
  co_return created;
}

Task<Result<Configuration>> replace_configuration(Context* context, std::string tenant, ValServer server, std::string id,
                                            ConfigurationBody body, IfVersion if_version) {
  // The record first: 404 for one that is not there, whatever the body says.
  CLAVIGER_CO_TRY(present, co_await find_configuration(context, tenant, server, id));
  CLAVIGER_CO_TRY(own, check_server(server, body.val_server_id));
  CLAVIGER_CO_TRY(agreed, check_agreement(server, body.services));
  Edit edit = [services = std::move(body.services)](Configuration configuration) {
    configuration.services = services;
    return Result<std::optional<Configuration>>(std::move(configuration));
  };
  auto changed = co_await change(context, std::move(tenant), std::move(server), std::move(id), std::move(edit), if_version);
  co_return changed;
}

Task<Result<Configuration>> patch_configuration(Context* context, std::string tenant, ValServer server, std::string id,
                                          ConfigurationPatch patch, IfVersion if_version) {
  CLAVIGER_CO_TRY(present, co_await find_configuration(context, tenant, server, id));
  if (patch.val_server_id) {
    CLAVIGER_CO_TRY(own, check_server(server, *patch.val_server_id));
  }
  if (patch.services) {
    CLAVIGER_CO_TRY(agreed, check_agreement(server, *patch.services));
  }
  Edit edit = [services = std::move(patch.services)](Configuration configuration) {
    if (services) configuration.services = *services;
    return Result<std::optional<Configuration>>(std::move(configuration));
  };
  auto changed = co_await change(context, std::move(tenant), std::move(server), std::move(id), std::move(edit), if_version);
  co_return changed;
}

Task<Result<Configuration>> remove_configuration(Context* context, std::string tenant, ValServer server, std::string id,
                                           IfVersion if_version) {
  Edit edit = [](const Configuration&) { return Result<std::optional<Configuration>>(std::nullopt); };
  return change(context, std::move(tenant), std::move(server), std::move(id), std::move(edit), if_version);
}

Task<Result<Configuration>> find_configuration(Context* context, std::string tenant, ValServer server, std::string id) {
  CLAVIGER_CO_TRY(configuration, co_await read_configuration(context, tenant, id));
  CLAVIGER_CO_TRY(own, check_server(server, configuration.val_server_id));
  co_return configuration;
}

Task<Result<std::vector<Configuration>>> list_configurations(Context* context, std::string tenant, ValServer server,
                                                             std::vector<std::string> wanted) {
  CLAVIGER_CO_TRY(ids, co_await ids_of(context, tenant, server.id));
  std::vector<Configuration> configurations;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!wanted.empty() && std::ranges::find(wanted, ids[i]) == wanted.end()) continue;
    auto configuration = co_await read_configuration(context, tenant, ids[i]);
    if (configuration.failed_with(Code::ConfigurationUnknown)) continue;  // removed since the index was read
    if (!configuration) co_return configuration.error();
    configurations.push_back(*std::move(configuration));
  }
  co_return configurations;
}

}  // namespace claviger::provisioning
