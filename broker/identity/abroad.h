// Users of ours who were set up at other systems by administration (TS 23.280 clause 10.17.5.2): they are on the list
// of those who may go there, as long as a request that set them up stands.
//
// Rows of tables::kAcmUsers, written by broker/administration; read by whoever asks who may go (broker/partners,
// broker/migration):
//   key   = tenant "abroad" kind name sub setup      ; kind: "system", an MC system ID; "partner", an identity server's
//                                                    ; name; setup: a request at one system
//         / tenant "abroad-of" setup kind name sub   ; its value is the key above
//   value = %x01 from until                          ; 8 octets each, NumericDate, big-endian; 0: now, without end
// They go by themselves when their time is over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::identity {

enum class Abroad : std::uint8_t { System, Partner };

struct AbroadUser {
  std::string_view sub;
  std::string_view setup;
  std::int64_t valid_from = 0;
  std::int64_t valid_until = 0;
};
void put_abroad(storage::Transaction& transaction, std::string_view tenant, Abroad kind, std::string_view name,
                const AbroadUser& user);

// Whether a request holds him there now.
runtime::Task<Result<bool>> is_abroad(broker::Context* context, std::string tenant, Abroad kind, std::string name,
                                      std::string sub);

// All of this set-up, in as many transactions as it takes. Done again without harm.
runtime::Task<Result<Unit>> erase_abroad(broker::Context* context, std::string tenant, std::string setup);

}  // namespace claviger::identity
