// What is registered here of a visitor: the S-CSCF that serves him, so that I-CSCFs find it and home can part from him.
//
// Rows of tables::kMigrationStates, key tenant + partner IMPI:
//   value = %x01 state server LF host LF realm      ; state: 1 octet, 0 pending, 1 registered, 2 unregistered
// Written by the shard that serves the request; the last one of an S-CSCF wins, as it does in an HSS.
#pragma once

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
};

std::string encode_visitor(const VisitorRegistration& registration);
Result<VisitorRegistration> decode_visitor(std::string_view value);

// An empty server_name when there is none.
runtime::Task<Result<VisitorRegistration>> read_visitor(broker::Context* context, std::string tenant, std::string impi);
// With an empty server_name: forgets it.
runtime::Task<Result<Unit>> write_visitor(broker::Context* context, std::string tenant, std::string impi,
                                          VisitorRegistration registration);

}  // namespace claviger::migration
