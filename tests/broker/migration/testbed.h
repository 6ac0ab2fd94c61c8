// The identity room's testbed with a migration management server and one agreement, with "mc.home.example".
#pragma once

#include <string>
#include <vector>

#include "broker/migration/agreement_procedures.h"
#include "broker/migration/binding_procedures.h"
#include "broker/migration/routes.h"
#include "tests/broker/identity/testbed.h"
#include "tests/broker/migration/samples.h"

namespace claviger::migration {

class MigrationBed : public identity::Testbed {
 public:
  MigrationBed() {
    EXPECT_TRUE(wait(migration.start()).has_value());
    add_migration_routes(router_, migration);
    EXPECT_TRUE(wait(add_agreement(&migration, "alpha", {good_agreement(), {}})).has_value());
  }
  ~MigrationBed() { EXPECT_TRUE(wait(close()).has_value()); }

  Result<Stored> put(Binding binding, IfVersion if_version = std::nullopt) {
    return wait(put_binding(&migration, "alpha", {std::move(binding), if_version}));
  }
  void change(void (*how)(Agreement&)) { EXPECT_TRUE(wait(change_on_shard(how)).has_value()); }
  bool is_cached(std::string key) { return *wait(look(std::move(key))); }

  Migration migration{contexts_};

 private:
  runtime::Task<Result<AgreementRef>> change_on_shard(void (*how)(Agreement&)) {
    AgreementDraft draft;
    draft.agreement = migration.table()->find("alpha", "mc.home.example")->agreement;
    const std::uint64_t version = draft.agreement.version;
    how(draft.agreement);
    co_return co_await change_agreement(&migration, "alpha", std::move(draft), version);
  }
  runtime::Task<Result<bool>> look(std::string key) { co_return migration.cache().find(key) != nullptr; }
  runtime::Task<Result<Unit>> close() {
    co_await migration.close();
    co_return Unit{};
  }
};

}  // namespace claviger::migration
