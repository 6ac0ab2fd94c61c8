// What is registered here of a visitor: the S-CSCF that serves him, so that I-CSCFs find it and home can part from him.
//
// Rows of tables::kMigrationStates, key tenant + partner IMPI:
//   value = %x01 state server LF host LF realm      ; state: 1 octet, 0 pending, 1 registered, 2 unregistered
// Written by the shard that serves the request, in place of what it had read; who finds it changed decides anew.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::migration {

struct VisitorRegistration {
  std::string server_name;
  std::string host;  // Diameter identity of the S-CSCF
  std::string realm;
  bool is_registered = false;
  std::uint64_t version = 0;  // of the record; not stored in it
};

std::string encode_visitor(const VisitorRegistration& registration);
Result<VisitorRegistration> decode_visitor(std::string_view value);

// An empty server_name when there is none.
runtime::Task<Result<VisitorRegistration>> read_visitor(broker::Context* context, std::string tenant, std::string impi);
// With an empty server_name: forgets it. Conflict: it is not what it was in that version (0: absent) any more.
runtime::Task<Result<Unit>> write_visitor(broker::Context* context, std::string tenant, std::string impi,
                                          VisitorRegistration registration, std::uint64_t version);

}  // namespace claviger::migration
