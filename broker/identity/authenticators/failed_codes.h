// How often codes were wrong at one user's second step, whoever typed them and wherever he was: what the throttle, which
// counts by source too, cannot bound, because a guesser who knows the password may have any number of networks.
//
//   in memory    kCodesPerWindow in kCodesWindow, over all sources (SignInThrottle::begin_total()): then nothing is looked at
//                until the window is over
//   on disk      kWrongCodesMax one after the other, however slowly: then only a recovery code counts. It lifts that, as
//                does an administrator who enables the user or enrols something for him
// Nobody comes here without the right password: who is kept out is the owner of a password that somebody else knows, too.
//
// For the procedures of this folder, at the home of the login. The count on disk is a row of tables::kAuthenticators, key tenant + "" + "failures" + sub (no user has an empty sub): 4 octets, big-endian; absent: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::identity {

inline constexpr std::uint32_t kCodesPerWindow = 10;
inline constexpr Seconds kCodesWindow{300};
// Six digits, three of them right at a time: three in ten thousand for who guesses on to the end.
inline constexpr std::uint32_t kWrongCodesMax = 100;

struct WrongCodes {
  std::uint32_t count = 0;
  std::uint64_t version = 0;  // of the row; 0: there is none

  bool is_locked() const { return count >= kWrongCodesMax; }
};
runtime::Task<Result<WrongCodes>> read_wrong_codes(broker::Context* context, std::string tenant, std::string sub);
// One more, durable when it returns; how many they are now.
runtime::Task<Result<std::uint32_t>> count_wrong_code(broker::Context* context, std::string tenant, std::string sub);
// The next one counts from none; in the transaction that says why.
void forget_wrong_codes(storage::Transaction& transaction, std::string_view tenant, std::string_view sub);

}  // namespace claviger::identity
