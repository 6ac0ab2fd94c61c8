#include "broker/migration/visitor_registration.h"

#include "broker/record_key.h"
#include "broker/tables.h"

namespace claviger::migration {

namespace tables = broker::tables;
using runtime::Task;

std::string encode_visitor(const VisitorRegistration& registration) {
  std::string value{'\1', registration.is_registered ? '\1' : '\2'};
  return value.append(registration.server_name)
      .append("\n")
      .append(registration.host)
      .append("\n")
      .append(registration.realm);
}

Result<VisitorRegistration> decode_visitor(std::string_view value) {
  constexpr Error kCorrupt{Code::Corrupt, "migration_states"};
  if (value.size() < 2) return kCorrupt;
  if (value[0] != '\1') return Error{Code::SchemaTooNew, "migration_states"};
  VisitorRegistration registration;
  registration.is_registered = value[1] == '\1';
  value.remove_prefix(2);
  const std::size_t first = value.find('\n');
  const std::size_t second = first == std::string_view::npos ? first : value.find('\n', first + 1);
  if (second == std::string_view::npos) return kCorrupt;
  registration.server_name = value.substr(0, first);
  registration.host = value.substr(first + 1, second - first - 1);
  registration.realm = value.substr(second + 1);
  return registration;
}

Task<Result<VisitorRegistration>> read_visitor(broker::Context* context, std::string tenant, std::string impi) {
  std::string key = broker::record_key({tenant, impi});
  auto value = co_await context->store.get(tables::kMigrationStates, std::move(key));
  if (value.failed_with(Code::NotFound)) co_return VisitorRegistration();
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(registration, decode_visitor(value->text()));
  registration.version = value->version();
  co_return registration;
}

Task<Result<Unit>> write_visitor(broker::Context* context, std::string tenant, std::string impi,
                                 VisitorRegistration registration, std::uint64_t version) {
  const std::string key = broker::record_key({tenant, impi});
  storage::Transaction change;
  change.expect_version(tables::kMigrationStates, key, version);
  if (registration.server_name.empty()) {
    change.erase(tables::kMigrationStates, key);
  } else {
    if (registration.server_name.find('\n') != std::string::npos) co_return Error{Code::AvpValue, "server-name"};
    change.put(tables::kMigrationStates, key, as_bytes(encode_visitor(registration)));
  }
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  co_return Unit{};
}

}  // namespace claviger::migration
