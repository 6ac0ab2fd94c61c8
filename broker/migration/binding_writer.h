// BindingWriter: one transaction of many bindings, each checked against what is stored and against those before it.
//
// Lives in the frame of a procedure on the home of Migration that holds the tenant's turn: nobody else writes meanwhile, and
// expectations guard what was read all the same.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "broker/migration/binding_procedures.h"
#include "storage/transaction.h"

namespace claviger::migration {

class BindingWriter {
 public:
  BindingWriter(Migration* migration, std::string tenant) : migration_(migration), tenant_(std::move(tenant)) {}

  runtime::Task<Result<Stored>> add(BindingDraft draft);
  storage::Transaction& transaction() { return transaction_; }
  // Durable, and forgotten by every shard's cache; then set_version() may tell the records.
  runtime::Task<Result<std::uint64_t>> commit();

 private:
  runtime::Task<Result<Unit>> claim(Binding binding, std::vector<std::string> had);
  runtime::Task<Result<Unit>> count_one(std::string system, std::uint32_t bindings_max);
  struct Count {
    std::uint64_t value = 0;
    std::uint64_t version = 0;
  };

  Migration* migration_;
  std::string tenant_;
  storage::Transaction transaction_;
  std::set<std::string> touched_;  // records and rows
  std::map<std::string, Count> counts_;
  std::vector<std::string> changed_;  // keys of records
};

}  // namespace claviger::migration
