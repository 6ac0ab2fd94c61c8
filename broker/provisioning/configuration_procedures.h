// What a VAL server does to its configurations (TS 23.434 clauses 12.3.2 and 12.3.4, TS 29.549).
//
// Called on any shard; a change runs at home_of("val-server/" tenant "/" valServerId) under the server's turn, in one
// transaction with its identity rows and a "gone" row for whoever it took out, guarded by the record's version. It returns
// when that is durable: settle_removals() before answering.
//
// Codes: ConfigurationUnknown, ConfigurationOfAnother (the record's or the body's valServerId is not the caller's),
// AgreementExceeded (a service outside its agreement, or more configurations than it may have), Conflict (`if_version`),
// what the store says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/provisioning/configuration.h"
#include "broker/provisioning/configuration_json.h"
#include "broker/provisioning/val_server.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::provisioning {

// The version the caller believes the record to have; nothing: any.
using IfVersion = std::optional<std::uint64_t>;

runtime::Task<Result<Configuration>> create_configuration(broker::Context* context, std::string tenant, ValServer server,
                                                    ConfigurationBody body);
runtime::Task<Result<Configuration>> replace_configuration(broker::Context* context, std::string tenant, ValServer server,
                                                     std::string id, ConfigurationBody body, IfVersion if_version);
runtime::Task<Result<Configuration>> patch_configuration(broker::Context* context, std::string tenant, ValServer server,
                                                   std::string id, ConfigurationPatch patch, IfVersion if_version);
runtime::Task<Result<Configuration>> remove_configuration(broker::Context* context, std::string tenant, ValServer server,
                                                    std::string id, IfVersion if_version);

runtime::Task<Result<Configuration>> find_configuration(broker::Context* context, std::string tenant, ValServer server,
                                                        std::string id);
// All of the server's, in order of id; with `ids` those of them that exist and are the server's.
runtime::Task<Result<std::vector<Configuration>>> list_configurations(broker::Context* context, std::string tenant,
                                                                      ValServer server, std::vector<std::string> ids);

}  // namespace claviger::provisioning
