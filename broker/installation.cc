#include "broker/installation.h"

#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/crypto/random.h"

namespace claviger::broker {
namespace {

using runtime::Task;

struct Named {
  std::string_view name;
  Secret<32>* key;
};

// One secret: read and opened, or made and put into the transaction that all new ones share.
Task<Result<Unit>> load_one(storage::Store* store, storage::Sealer* sealer, storage::Transaction* fresh, Named wanted) {
  const std::string key = record_key({wanted.name});
  auto found = co_await store->get(tables::kInstallation, key);
  if (found) {
    CLAVIGER_CO_TRY(opened, sealer->open(tables::kInstallation, key, found->bytes()));
    if (opened.size() != 32) co_return Error{Code::Corrupt, "installation"};
    *wanted.key = Secret<32>(opened.reveal().first<32>());
    co_return Unit{};
  }
  if (found.error().code != Code::NotFound) co_return found.error();
  CLAVIGER_CO_TRY(made, crypto::random_bytes<32>());
  CLAVIGER_CO_TRY(sealed, sealer->seal(tables::kInstallation, key, made.reveal()));
  fresh->expect_absent(tables::kInstallation, key);
  fresh->put(tables::kInstallation, key, as_bytes(sealed));
  *wanted.key = std::move(made);
  co_return Unit{};
}

}  // namespace

Task<Result<InstallationKeys>> load_installation_keys(storage::Store* store, storage::Sealer* sealer) {
  InstallationKeys keys;
  const Named all[] = {{"refresh", &keys.refresh}, {"client", &keys.client}, {"interaction", &keys.interaction},
                       {"audit", &keys.audit}};
  storage::Transaction fresh;
  for (const Named& one : all) {
    CLAVIGER_CO_TRY(loaded, co_await load_one(store, sealer, &fresh, one));
  }
  if (!fresh.empty()) {
    CLAVIGER_CO_TRY(committed, co_await store->commit(std::move(fresh)));
  }
  co_return keys;
}

}  // namespace claviger::broker
