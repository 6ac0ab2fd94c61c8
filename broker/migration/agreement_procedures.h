// What operators do to agreements: add, change, remove.
//
// Called on any shard; runs on the home of Migration under the turn "agreements" and returns when every shard sees it.
//
// Codes: AgreementUnknown, AgreementTaken (the system, its client, its partner, or a range), AgreementInvalid, TooMany,
// Conflict (`version`), NotFound (tenant), what the store says.
#pragma once

#include <cstdint>
#include <string>

#include "broker/migration/migration.h"

namespace claviger::migration {

struct AgreementDraft {
  Agreement agreement;
  SecretBytes key_pem;  // of certificate_pem; empty: the one we have stays
};

runtime::Task<Result<AgreementRef>> add_agreement(Migration* migration, std::string tenant, AgreementDraft draft);
// `version`: of the record that the draft was made from.
runtime::Task<Result<AgreementRef>> change_agreement(Migration* migration, std::string tenant, AgreementDraft draft,
                                                     std::uint64_t version);
// Its bindings stay and are good for nothing; they are again when there is an agreement again.
runtime::Task<Result<Unit>> remove_agreement(Migration* migration, std::string tenant, std::string system);

}  // namespace claviger::migration
