// The messages between an ACM client and an ACM server, and between ACM servers (TR 23.700-38 clause 7: MC service user
// setup request and response; TS 23.280 clause 10.17: the process indication in between). No stage 3 of them was to be
// read; JSON over HTTPS is our decision.
//
//   {"request_id", "home_system", "home_acmc_id", "targets": [MC system ID], "mode": {"partial": true},
//    "users": [{"mc_id", "mc_service_ids": {"mcptt": ...}, "valid_from": dateTime, "valid_until": dateTime}]}
//   {"status": "PROCESSING", "href": "..."}
//   {"system", "result": true, "users": [{"mc_id", "mc_service_ids", "status": "CREATED"}]}
// In a Setup identities have one writing, whatever was sent. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/administration/acm_records.h"
#include "core/codec/json_writer.h"

namespace claviger::administration {

// Ten thousand users with three identities each.
inline constexpr std::size_t kSetupBytesMax = 8 * 1024 * 1024;

struct SetupMessage {
  Setup setup;
  std::string home_acmc_id;  // empty: none
};
// BadValue, JsonSyntax and so on; SetupListTooLong.
Result<SetupMessage> parse_setup(std::string_view body);
// As it goes to one partner.
std::string write_setup(const Setup& setup, std::string_view own_system, std::string_view target, bool with_acmc);

struct UserResult {
  std::string mc_id;
  std::string status;  // CREATED, EXISTED, REJECTED, FAILED; WITHDRAWN
};
inline constexpr std::string_view kWithdrawn = "WITHDRAWN";
// Statuses that make an S2 result TRUE.
bool is_good(std::string_view status);
// The member "mc_service_ids".
void write_service_ids(codec::JsonWriter<std::string>& json, const SetupUser& user);
std::string write_result(std::string_view system, const Setup& setup, const std::vector<UserResult>& results,
                         std::string_view reason);
// ProtocolError.
struct ResultMessage {
  std::string system;
  bool is_good = false;
  std::string reason;
  std::vector<UserResult> users;
};
Result<ResultMessage> parse_result(std::string_view body);

// xs:dateTime in UTC; 0 for an empty text. BadValue.
Result<std::int64_t> read_time(std::string_view text);
std::string write_time(std::int64_t time);

}  // namespace claviger::administration
